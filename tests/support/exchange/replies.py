"""What the venues' dialects share: an answer, a refusal, reading numbers from a query, numbers as text."""


class Refused(Exception):
    """The venue's own refusal: HTTP status and body."""

    def __init__(self, status: int, body: dict):
        super().__init__(status, body)
        self.status, self.body = status, body


def number(query: dict, name: str, default=None, wrong=None):
    """A whole number of the query; `wrong` (a Refused) where it is not one."""
    text = query.get(name)
    if text is None or text == "":
        return default
    try:
        return int(text)
    except ValueError:
        raise wrong from None


def text(value: float, places: int) -> str:
    """A number with fixed places, as venues send them."""
    return f"{value:.{places}f}"


def rows_of(body) -> list | None:
    """The list of rows inside any venue's answer, to be changed in place; None where there is none."""
    for rows in (body, *((body.get("data"), (body.get("result") or {}).get("list")) if isinstance(body, dict) else ())):
        if isinstance(rows, list):
            return rows
    return None
