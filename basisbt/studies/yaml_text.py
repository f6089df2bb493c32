"""A resolved config as text a person can read back in: YAML, with the origin of each value as a comment."""


def scalar(value) -> str:
    """A YAML 1.2 scalar; text is quoted where it could be read as something else."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    text = str(value)
    plain = text and text[0].isalpha() and all(c.isalnum() or c in " _-./%" for c in text)
    if plain and text.lower() not in ("true", "false", "null", "yes", "no", "on", "off") and text == text.strip():
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def resolved_text(tree: dict, origins: dict) -> str:
    """Block YAML of a tree; scalars carry `# origin` when known."""
    lines = []
    _write(tree, origins, "", 0, lines)
    return "\n".join(lines)


def _write(node, origins, path, depth, lines):
    pad = "  " * depth
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        where = f"{path}.{key}" if path else str(key)
        head = f"{pad}{scalar(key)}:" if isinstance(node, dict) else f"{pad}-"
        if isinstance(value, (dict, list, tuple)) and len(value):
            lines.append(head)
            _write(value, origins, where, depth + 1, lines)
        else:
            shown = "{}" if value == {} else "[]" if value in ([], ()) else scalar(value)
            origin = f"  # {origins[where]}" if where in origins else ""
            lines.append(f"{head} {shown}{origin}")
