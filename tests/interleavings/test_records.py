"""Two at one record: who comes second waits, sees what the first did, and is judged by it."""

from __future__ import annotations


def test_an_edit_that_comes_between_a_push_and_its_lock_is_sent_to_who_pushes(village, script):
    """The device computes its own row only if it had seen everything before it.

    Whether it had must be asked when the record is locked: asked before, an edit that is
    stored in between is never sent, and both heads, so both digests, are the same.
    """
    li, wang = village.tablet(), village.tablet()
    record = village.household(li, wang, phone="1", notes="one\n")
    li.edit(record, notes="one\ntwo\n")
    exchange = script.actor(li.exchange).to("records")
    wang.edit(record, phone="2")
    other = script.actor(wang.exchange)
    if village.writes_alone:
        other.go()
        script.waits(other)
    else:
        other.end()
    exchange.end()
    other.end()
    assert li.acks[exchange.result[1]["ack"]["stamp"]]["outcome"] == "applied"
    village.agree(record, li, wang)
    assert li[record].fields["phone"] == "2"
