"""The page of incidents: what the catalogue says, for people. Computes nothing."""

import datetime


def page(catalogue) -> str:
    """`docs/incidents.md`, all of it."""
    out = [
        "# Incidents",
        "",
        "What has happened, as scenarios for `stress` and `tail.replay`. *Read*: in the source named; *second-hand*:",
        "as somebody else tells it; *derived*: from data; *memory*: a guess. What of an incident is a guess is said.",
        "",
    ]
    for each in catalogue.values():
        day = datetime.datetime.fromtimestamp(each.start, datetime.UTC).strftime("%Y-%m-%d %H:%M")
        what = ", ".join(dict.fromkeys(event["event"] for event in each.events))
        out += [f"## {each.title}", "", f"`{each.id}` · {day} UTC · {what}", "", each.story]
        out += [f"Not known: {each.unsure}."] if each.unsure else []
        out += [f"*{each.checked.capitalize()}*: {each.source}.", ""]
    return "\n".join(out)
