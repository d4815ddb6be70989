"""Query text as a tree, so that a query that shows a difference can be made smaller."""

OPTIONAL = "optional"


class Tree:
    """A piece of a query. `parts` are texts and trees. A tree may be replaced by any tree of its type below it, by one of the texts
    in `simpler`, and by nothing if it is OPTIONAL."""

    __slots__ = ("type", "parts", "simpler")

    def __init__(self, type_, parts, simpler=()):
        self.type, self.parts, self.simpler = type_, list(parts), simpler

    def __str__(self):
        return "".join(map(str, self.parts))


def optional(*parts):
    return Tree(OPTIONAL, parts)


def _below(tree):
    for part in tree.parts:
        if isinstance(part, Tree):
            yield part
            yield from _below(part)


def _replacements(tree):
    if tree.type == OPTIONAL and tree.parts:
        yield Tree(OPTIONAL, [])
    text = str(tree)
    if text in tree.simpler or not tree.parts:
        return
    for simpler in tree.simpler:
        yield Tree(tree.type, [simpler])
    for part in _below(tree):
        if part.type == tree.type:
            yield part


def smaller(tree):
    """Every tree that is one step smaller, the smallest first."""

    def at(node):
        yield from _replacements(node)
        for i, part in enumerate(node.parts):
            if isinstance(part, Tree):
                for replaced in at(part):
                    yield Tree(node.type, node.parts[:i] + [replaced] + node.parts[i + 1:], node.simpler)

    seen = set()
    for candidate in sorted(at(tree), key=lambda t: len(str(t))):
        text = str(candidate)
        if text not in seen and text != str(tree):
            seen.add(text)
            yield candidate


def shrink(tree, still_fails, most_attempts=300):
    """The smallest tree found for which `still_fails(text)` holds."""
    attempts = 0
    found = True
    while found:
        found = False
        for candidate in smaller(tree):
            if attempts >= most_attempts:
                return tree
            attempts += 1
            if still_fails(str(candidate)):
                tree, found = candidate, True
                break
    return tree
