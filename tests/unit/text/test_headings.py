from lightrag_integrations.text.headings import sections


def outline(text: str) -> list[tuple[tuple[str, ...], str]]:
    found = sections(text)
    assert "".join(text[part.start : part.end] for part in found) == text
    return [(part.path, text[part.body : part.end].strip()) for part in found]


def test_atx_headings_nest() -> None:
    text = "intro\n\n# Guide\n\nbody\n\n### Deep ##\ntext\n\n## **Next** [part](http://x)\n\nend\n\n# Other\n"
    assert outline(text) == [
        ((), "intro"), (("Guide",), "body"), (("Guide", "Deep"), "text"), (("Guide", "Next part"), "end"),
        (("Other",), ""),
    ]  # fmt: skip


def test_underlined_headings() -> None:
    assert outline("Title\n=====\n\nbody\n\nPart\n----\nmore\r\n") == [
        (("Title",), "body"),
        (("Title", "Part"), "more"),
    ]


def test_what_is_no_heading() -> None:
    for text in (
        "#hashtag first",
        "text before\n# comment right below text",
        "```\n\n# in a fence\n\n```\n",
        "a | b\n--- | ---\n1 | 2",
        "two lines\nof text\n---\nmore",
        "* * *\n\n---\n\nrule above",
        "---\ntitle: x\n\n# in front matter\n---\ntext",
    ):
        assert [path for path, _ in outline(text)] == [()], text


def test_nothing() -> None:
    assert sections("") == []


def test_windows_line_ends_and_long_headings() -> None:
    assert outline("# One\r\n\r\nbody\r\n\r\n## Two\r\n\r\nend") == [(("One",), "body"), (("One", "Two"), "end")]
    path, _ = outline("# " + "long " * 50 + "\n\nbody")[0]
    assert len(path[0]) <= 160
