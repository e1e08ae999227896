-- name: near_entities
SELECT e.id, n.id, 1 - n.distance
FROM unnest(%(entities)s::int[]) AS u (id) JOIN {s}.entity e ON e.id = u.id CROSS JOIN LATERAL (
    SELECT o.id, o.{e} OPERATOR({v}.<=>) e.{e} AS distance FROM {s}.entity o
    WHERE o.{e} IS NOT NULL
    ORDER BY o.{e} OPERATOR({v}.<=>) e.{e} LIMIT %(limit)s
) n
WHERE e.{e} IS NOT NULL AND n.id <> e.id

-- name: near_among
-- Exact, among the entities given alone: an index of the vectors would first look at those that are not.
SELECT e.id, n.id, 1 - n.distance
FROM unnest(%(entities)s::int[]) AS u (id) JOIN {s}.entity e ON e.id = u.id CROSS JOIN LATERAL (
    SELECT o.id, o.{e} OPERATOR({v}.<=>) e.{e} AS distance FROM {s}.entity o
    WHERE o.id = ANY(%(among)s::int[]) AND o.{e} IS NOT NULL AND o.id <> e.id
    ORDER BY (o.{e} OPERATOR({v}.<=>) e.{e}) + 0, o.key LIMIT %(limit)s
) n
WHERE e.{e} IS NOT NULL

-- name: entity_cosines
SELECT a.id, b.id, 1 - (a.{e} OPERATOR({v}.<=>) b.{e})
FROM unnest(%(firsts)s::int[], %(seconds)s::int[]) AS u (first, second)
JOIN {s}.entity a ON a.id = u.first JOIN {s}.entity b ON b.id = u.second
WHERE a.{e} IS NOT NULL AND b.{e} IS NOT NULL
