"""Reads the assembly that `resc compile --dump-ir` writes for a kernel: its innermost loops, and what they spill.

LLVM marks what its register allocator stores and loads by a comment ("64-byte Spill", "32-byte Folded Reload"), so that
arrays of the kernel on the stack are told apart from spills.
"""

import re
from collections import namedtuple

# `first` and `last` are line numbers of the file; a loop's lines need not follow one another.
Block = namedtuple("Block", "label lines successors")
Line = namedtuple("Line", "number code comment")
Loop = namedtuple("Loop", "header lines")

LABEL = re.compile(r"^(\.LBB\w+):")
BEGIN = re.compile(r"^[\w.$\"-]+:\s*# @")
JUMP = re.compile(r"^j(\w+)\s+(\.LBB\w+)$")
FMA = re.compile(r"^vf(n?m)(add|sub)\w*p[sd]\b")
VECTOR = re.compile(r"%[xyz]mm\d+")
SPILL = re.compile(r"\d+-byte (Folded )?(Spill|Reload)")


def read_blocks(text):
    """The basic blocks of every function, as a list of dictionaries by label in the order of the text."""
    functions, block = [], None
    for number, raw in enumerate(text.splitlines(), 1):
        if BEGIN.match(raw):
            block = Block("", [], [])
            functions.append({"": block})
        elif label := LABEL.match(raw):
            if block is not None:  # falls through, unless a jump has closed the block
                block.successors.append(label[1])
            block = Block(label[1], [], [])
            functions[-1][label[1]] = block
        elif functions and not raw.strip().startswith((".", "#")):
            code, _, comment = raw.strip().partition("#")
            code = code.strip()
            if not code or code.endswith(":"):
                continue
            if block is None:  # behind a jump that is always taken: a block without a label
                block = Block(f"line {number}", [], [])
                functions[-1][block.label] = block
            block.lines.append(Line(number, code, comment.strip()))
            if jump := JUMP.match(" ".join(code.split())):
                block.successors.append(jump[2])
                if jump[1] != "mp":
                    following = Block(f"line {number + 1}", [], [])
                    functions[-1][following.label] = following
                    block.successors.append(following.label)
                    block = following
                else:
                    block = None
            elif code.startswith(("ret", "ud2", "jmp")):
                block = None
    return functions


def strongly_connected(labels, successors):
    """The strongly connected components that have a cycle (Tarjan, without recursion)."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []
    for root in labels:
        if root in index:
            continue
        work = [(root, iter(successors(root)))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            label, edges = work[-1]
            for target in edges:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(successors(target))))
                    break
                if target in on_stack:
                    low[label] = min(low[label], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[label])
                if low[label] == index[label]:
                    component = set()
                    while label not in component:
                        on_stack.discard(stack[-1])
                        component.add(stack.pop())
                    if len(component) > 1 or label in successors(label):
                        found.append(component)
    return found


def cycles(blocks, labels, cut=frozenset()):
    """Yields the header and the labels of every loop: for each edge back to where a strongly connected component is
    entered, the blocks on the way there; then of what is connected still without these edges."""
    edges = {b: [s for s in blocks[b].successors if s in labels and s not in cut] for b in blocks if b in labels}
    for component in strongly_connected(list(edges), edges.get):
        entries = {s for b in blocks if b not in component for s in blocks[b].successors if s in component} - cut
        header = next(b for b in blocks if b in (entries or component))
        for latch in (b for b in edges if b in component and header in edges[b]):
            members, found = {header}, [latch]
            while found:
                if (block := found.pop()) not in members:
                    members.add(block)
                    found += [b for b in component if block in edges[b]]
            yield header, members
        yield from cycles(blocks, component, cut | {header})


def inner_loops(text):
    """The innermost loops, those that hold no smaller one, of all functions in an assembly."""
    for blocks in read_blocks(text):
        loops = list(cycles(blocks, set(blocks)))
        for header, members in loops:
            if not any(other < members for _, other in loops):
                yield Loop(header, [line for label in blocks if label in members for line in blocks[label].lines])


def spills(loop):
    """The lines that store or load a vector register of the allocator's own on the stack."""
    return [line for line in loop.lines if SPILL.search(line.comment) and VECTOR.search(line.code)]


def multiplies(loop):
    """Whether a loop is one of the convolution's multiply-adds, which are half of its instructions (0.44 to 0.68 in those
    of the ResNets) even if it spills; in the transforms of Winograd's algorithm they are less than a quarter."""
    fmas = sum(bool(FMA.match(line.code)) for line in loop.lines)
    return fmas > (len(loop.lines) - len(spills(loop))) / 3
