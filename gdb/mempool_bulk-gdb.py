"""gdb shows pools, pages and requests of libmempool_bulk for people.

    (gdb) p pool
    $1 = pool: 256 of 256 in reserve, single pages of the library's, nobody waits
    (gdb) p page
    $2 = (struct page *) 0x7ffff7a00040: page 1 at 0x7fffb7a01000, held, 1 reference
    (gdb) p $mempool_bulk_gfp(request->gfp)
    $3 = "GFP_NOIO | __GFP_ZERO"

gdb loads this by itself when the library lies where the distribution's libraries do; else say
`source .../mempool_bulk-gdb.py`. It only reads memory, so it works on core dumps too. A page's number, address and
state need the library's symbols; without them its own fields are shown.
"""

import gdb
import gdb.printing

PAGE_SIZE = 4096
STATES = ["without memory", "bad", "free", "free", "held", "held", "in a reserve", "inside a block"]
# The most telling names first.
MASKS = [
    ("GFP_KERNEL", 0xCC0), ("GFP_NOFS", 0xC40), ("GFP_NOIO", 0xC00), ("GFP_ATOMIC", 0x820), ("GFP_NOWAIT", 0x2800),
    ("__GFP_DIRECT_RECLAIM", 0x400), ("__GFP_KSWAPD_RECLAIM", 0x800), ("__GFP_IO", 0x40), ("__GFP_FS", 0x80),
    ("__GFP_HIGH", 0x20), ("__GFP_ZERO", 0x100), ("__GFP_NOWARN", 0x2000), ("__GFP_RETRY_MAYFAIL", 0x4000),
    ("__GFP_NOFAIL", 0x8000), ("__GFP_NORETRY", 0x10000), ("__GFP_MEMALLOC", 0x20000), ("__GFP_COMP", 0x40000),
    ("__GFP_NOMEMALLOC", 0x80000), ("__GFP_THISNODE", 0x200000),
]


def number(value):
    """A number, whether C's or inside an atomic of Rust's."""
    while value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
        value = value[value.type.strip_typedefs().fields()[0]]
    return int(value)


def gfp_name(mask):
    names = []
    for name, bits in MASKS:
        if mask & bits == bits:
            names.append(name)
            mask &= ~bits
    if mask:
        names.append(hex(mask))
    return " | ".join(names) or "0"


def plural(n, what):
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def symbol_name(address):
    text = gdb.format_address(address) if hasattr(gdb, "format_address") else str(gdb.Value(address).cast(gdb.lookup_type("long").pointer()))
    return text[text.find("<") + 1 : text.find(">")].split("+")[0] if "<" in text else hex(address)


def arena():
    """Where pages and their `struct page`s lie; None without the library's symbols."""
    symbol = gdb.lookup_static_symbol("mempool_bulk::arena::map::ARENA") or gdb.lookup_global_symbol("mempool_bulk::arena::map::ARENA")
    if symbol is None:
        return None
    value = symbol.value()
    return {name: number(value[name]) for name in ("base", "mem_map", "states", "committed")}


def byte_at(address):
    return gdb.selected_inferior().read_memory(address, 1)[0][0]


class Pool:
    def __init__(self, value):
        self.value = value

    def source(self):
        kind = number(self.value["kind"])
        if kind == 1:
            return "single pages of the library's"
        if kind > 1:
            return f"blocks of {1 << (kind - 1)} pages of the library's"
        bulk = number(self.value["alloc_pages_bulk"])
        one = number(self.value["alloc"])
        return f"elements from {symbol_name(bulk or one)}" if bulk or one else "no source"

    def waiters(self):
        names = [field.name for field in self.value.type.strip_typedefs().fields()]
        return number(self.value["waiters"] if "waiters" in names else self.value["wait"]["waiters"])

    def to_string(self):
        if number(self.value["elements"]) == 0:
            return "pool: not initialised"
        reserve = f"{number(self.value['curr_nr'])} of {max(1, number(self.value['min_nr']))} in reserve"
        waiters = self.waiters()
        waiting = "nobody waits" if waiters == 0 else "1 waits" if waiters == 1 else f"{waiters} wait"
        return f"pool: {reserve}, {self.source()}, {waiting}"


class PagePointer:
    def __init__(self, value):
        self.value = value

    def place(self):
        a = arena()
        if a is None:
            return None
        index, rest = divmod(int(self.value) - a["mem_map"], 64)
        if not 0 <= index < a["committed"] or rest:
            return "no page of the library's"
        byte = byte_at(a["states"] + index)
        state = STATES[byte & 7]
        block = f" block of {1 << (byte >> 4)} pages" if byte >> 4 and byte & 7 in (4, 5) else ""
        return f"page {index} at {a['base'] + index * PAGE_SIZE:#x}, {state}{block}"

    def to_string(self):
        start = f"(struct page *) {int(self.value):#x}"
        if int(self.value) == 0:
            return start
        place = self.place()
        if place is not None and not place.startswith("page"):
            return f"{start}: {place}"
        page = self.value.dereference()
        parts = [place] if place else []
        if place is None or "held" in place:
            parts.append(plural(int(page["_refcount"]), "reference"))
        names = [field.name for field in page.type.strip_typedefs().fields()]
        private = int(page["private" if "private" in names else "private_"])
        if private:
            parts.append(f"private {private:#x}")
        return f"{start}: {', '.join(parts)}"


class Request:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        nr, slots = int(self.value["nr"]), self.value["page_array"]
        mask = gfp_name(int(self.value["gfp"]))
        if int(slots) == 0:
            return f"request: {plural(nr, 'page')}, no array, {mask}"
        looked_at = min(nr, 1 << 16)
        word = gdb.lookup_type("unsigned long")
        slots = slots.cast(word.pointer())
        got = sum(1 for i in range(looked_at) if int(slots[i]) != 0)
        return f"request: {got} of {plural(nr, 'page')}, {mask}"


class Gfp(gdb.Function):
    """$mempool_bulk_gfp(MASK): the names of a gfp mask's bits."""

    def __init__(self):
        super().__init__("mempool_bulk_gfp")

    def invoke(self, mask):
        return gfp_name(int(mask))


class Printers(gdb.printing.PrettyPrinter):
    """Chosen by tag; other programs' `struct page` is left alone by its fields."""

    BY_TAG = {
        "mempool": Pool, "mempool_bulk::mempool::raw::Mempool": Pool, "mempool_bulk_request": Request,
    }

    def __init__(self):
        super().__init__("mempool_bulk")

    def __call__(self, value):
        kind = value.type.strip_typedefs()
        if kind.code == gdb.TYPE_CODE_PTR:
            target = kind.target().unqualified().strip_typedefs()
            if target.tag == "page" and target.sizeof == 64 and "_refcount" in [f.name for f in target.fields()]:
                return PagePointer(value)
            return None
        make = self.BY_TAG.get(kind.unqualified().tag) if kind.code == gdb.TYPE_CODE_STRUCT else None
        return make(value) if make else None


Gfp()
gdb.printing.register_pretty_printer(gdb.current_objfile(), Printers(), replace=True)
