-- name: heaviest_pairs
-- Every visible fact of each entity is added up: one entity may have most of its facts with one other.
SELECT u.id, q.other
FROM unnest(%(entities)s::int[]) WITH ORDINALITY AS u (id, place) CROSS JOIN LATERAL (
    -- As many digits as a sum of floats has in any order.
    SELECT f.other, row_number() OVER (ORDER BY sum(f.weight)::numeric DESC, e.key) AS rank
    FROM (
        SELECT target AS other, weight FROM {s}.fact
        WHERE source = u.id AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
          AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
        UNION ALL
        SELECT source, weight FROM {s}.fact
        WHERE target = u.id AND source <> u.id AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
          AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
    ) f JOIN {s}.entity e ON e.id = f.other
    GROUP BY f.other, e.key
    ORDER BY rank LIMIT %(limit)s
) q
ORDER BY u.place, q.rank

-- name: pairs_among
SELECT low, high FROM {s}.relation WHERE low = ANY(%(entities)s::int[]) AND high = ANY(%(entities)s::int[])

-- name: shown_names
-- From all mentions: those that a search looks at may be written otherwise.
SELECT DISTINCT ON (entity) entity, surface FROM (
    SELECT entity, surface, count(*) AS uses, count(*) FILTER (WHERE surface = ANY(edited)) AS merged
    FROM {s}.mention
    WHERE entity = ANY(%(entities)s::int[]) AND (%(visible)s::int[] IS NULL OR chunk = ANY(%(visible)s::int[]))
      AND get_bit(%(flags)s::bytea, chunk) IS DISTINCT FROM 0
    GROUP BY entity, surface
) counted
ORDER BY entity, uses - merged DESC, uses DESC, surface
