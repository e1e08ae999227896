"""Observers see everything and break nothing."""

import logging

from lightrag_integrations import Event, Observer


class Failing(Observer):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_event(self, event: Event) -> None:
        self.seen.append(event.kind)
        raise ZeroDivisionError(f"at event {len(self.seen)}")


class Listening(Observer):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_event(self, event: Event) -> None:
        self.seen.append(event.kind)


def test_an_observer_that_fails_does_not_stop_the_work(make_index, documents, caplog) -> None:
    failing, listening = Failing(), Listening()
    index = make_index(observer=failing)
    with caplog.at_level(logging.WARNING, "lightrag_integrations"):
        report = index.ingest(documents, observer=listening)
    assert (report.documents, report.failed) == (3, 0)
    assert failing.seen == listening.seen
    assert failing.seen.count("stored") == 3
    warnings = [record for record in caplog.records if "Failing" in record.getMessage()]
    assert len(warnings) == 1
    assert "at event 1" in warnings[0].getMessage()
    assert warnings[0].exc_info is not None
    assert index.verify() == []
