"""Draws accounts as SVG. Each drawing is made in a width; what it says is the same in all of them.

Colours and fonts are the page's (see templates/report.css): shapes have classes, and only what decides the layout is
said here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

from plan.architecture import Account, Cluster, Service, spoken


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What there is to draw on, in pixels at full size."""

    name: str  # a class of the drawing
    width: int
    columns: int


WIDE = Sheet(name="wide", width=1120, columns=3)
NARROW = Sheet(name="narrow", width=400, columns=1)

# Class of a text -> its size, and how wide a character is of it: the mean of text, and a little more than that. A
# monospaced one is as wide as DejaVu Sans Mono, the widest of the usual.
_TEXTS = {"title": (15, 0.62), "name": (13, 0.6), "note": (11.5, 0.54), "mono": (11, 0.605)}
_PAD = 12
_GAP = 16
_TRUNK = 14  # from the edge of what it runs in
_CARD = 150  # heights from here on
_LOGIN = 82
_CORNER = 74
_HEAD = 38
_LANE = 27
_BETWEEN = 10  # services
_UNCALLED = {"worker": "Workers", "job": "Jobs"}

Marks = Mapping[str, tuple[str, str]]
"""Owner, as a diff names it, or nothing for the whole stack -> a class and words for what changes."""


class _Canvas:
    """An SVG element under construction."""

    def __init__(self, sheet: Sheet, label: str) -> None:
        self.sheet = sheet
        self.root = Element("svg", {"class": f"drawing {sheet.name}", "role": "group", "aria-label": label})
        self._into = self.root

    def finish(self, height: float) -> Markup:
        self.root.set("viewBox", f"0 0 {self.sheet.width} {height:g}")
        self.root.set("width", str(self.sheet.width))
        self.root.set("height", f"{height:g}")
        return Markup(tostring(self.root, encoding="unicode", short_empty_elements=False))

    def link(self, target: str) -> None:
        """What is drawn until `unlink` leads there."""
        self._into = SubElement(self.root, "a", {"href": target})

    def unlink(self) -> None:
        self._into = self.root

    def box(self, x: float, y: float, width: float, height: float, kind: str, radius: int = 6) -> Element:
        """A frame whose height is known only later is drawn with none, so that it lies under what it contains."""
        attributes = {"x": x, "y": y, "width": width, "height": height, "rx": radius}
        shape = {"class": kind, **{key: f"{value:g}" for key, value in attributes.items()}}
        return SubElement(self._into, "rect", shape)

    def line(self, points: str, kind: str) -> None:
        SubElement(self._into, "path", {"class": kind, "d": points})

    def arrow(self, x: float, y: float) -> None:
        """The head of a line that ends there from above."""
        self.line(f"M{x - 4:g} {y - 7:g}L{x:g} {y:g}L{x + 4:g} {y - 7:g}z", "arrow")

    def text(self, x: float, y: float, content: str, kind: str, room: float, *, end: bool = False) -> float:
        """Writes what fits into `room`, from `x` on or up to it; returns about how wide that is."""
        size, each = _TEXTS[kind]
        fits = max(1, int(room / (size * each)))
        shown = content if len(content) <= fits else content[: fits - 1] + "\u2026"
        attributes = {"class": kind, "x": f"{x:g}", "y": f"{y:g}", "font-size": f"{size:g}"}
        element = SubElement(self._into, "text", attributes | ({"text-anchor": "end"} if end else {}))
        if shown == content:
            element.text = content
        else:
            whole = SubElement(element, "title")
            whole.text, whole.tail = content, shown
        return len(shown) * size * each

    def mark(self, right: float, y: float, mark: tuple[str, str]) -> None:
        """A label on the upper edge of a box that changes."""
        kind, words = mark
        width = len(words) * 6.7 + 14
        self.box(right - width - 8, y - 11, width, 15, f"mark {kind}", 7)
        self.text(right - 15, y + 0.5, words, "mono", width, end=True)


# The accounts together -----------------------------------------------------------------------------------------------


def organization(accounts: Sequence[Account], marks: Mapping[str, Marks], sheet: Sheet) -> Markup:
    """The accounts, and how people and names get from the one that has no network to the others."""
    canvas = _Canvas(sheet, "The accounts")
    across = sheet.columns > 1
    logins = [account for account in accounts if not account.cidr]
    environments = [account for account in accounts if account.cidr]
    width, y = sheet.width - 2.0, 10.0
    for account in logins:
        own = 520 if across else width
        _login(canvas, (sheet.width - own) / 2, y, own, account, marks[account.stack])
        y += _LOGIN
    start = y
    columns = min(sheet.columns, len(environments)) or 1
    indent = 28 if logins and not across else 0
    each = (width - indent - _GAP * (columns - 1)) / columns
    y += 46 if logins else 10
    for number, account in enumerate(environments):
        row, column = divmod(number, columns)
        x, top = 1 + indent + column * (each + _GAP), y + row * (_CARD + 34)
        if logins and across and row == 0:
            middle = x + each / 2
            canvas.line(f"M{sheet.width / 2:g} {start:g}V{start + 18:g}H{middle:g}V{top - 1:g}", "way")
            canvas.arrow(middle, top - 1)
            canvas.text(middle + 8, top - 14, _ways(account), "note", each / 2 - 8)
        elif logins and not across:
            canvas.line(f"M{_TRUNK} {start:g}V{top + 24:g}H{x - 1:g}", "way")
            canvas.line(f"M{x - 8:g} {top + 20:g}L{x - 1:g} {top + 24:g}L{x - 8:g} {top + 28:g}z", "arrow")
            canvas.text(x, top - 9, _ways(account), "note", each)
        _card(canvas, x, top, each, account, marks[account.stack])
    rows = -(-len(environments) // columns)
    return canvas.finish(y + rows * (_CARD + 34) - 33 if rows else start + 1)


def _ways(account: Account) -> str:
    people = f"{account.people} {'person' if account.people == 1 else 'people'}"
    return f"{people}, delegated zone" if account.delegated else people


def _login(canvas: _Canvas, x: float, y: float, width: float, account: Account, marks: Marks) -> None:
    canvas.link(search(f"stack:{account.stack}"))
    _account(canvas, x, y, width, _LOGIN, account, marks)
    canvas.text(x + width - _PAD, y + 24, f"{account.resources} resources", "note", width / 3, end=True)
    kept = ["people log in here"] + ["audit trail"] * account.audited + ["state"] * account.keeps_state
    canvas.text(x + _PAD, y + 47, ", ".join(kept), "note", width - 2 * _PAD)
    canvas.text(x + _PAD, y + 68, "  ".join(account.domains), "mono", width - 2 * _PAD)
    canvas.unlink()


def _card(canvas: _Canvas, x: float, y: float, width: float, account: Account, marks: Marks) -> None:
    canvas.link(f"#{anchor(account.stack)}")
    _account(canvas, x, y, width, _CARD, account, marks)
    hosts = [cluster.instances.split("-") for cluster in account.clusters]
    fewest, most = (sum(int(each[end]) for each in hosts if each[end].isdigit()) for end in (0, -1))
    lines = (
        (f"{len(account.clusters)} clusters, {fewest} to {most} hosts", "note"),
        (f"{len(account.services)} services, {account.resources} resources", "note"),
        (f"{sum(account.alerts.values())} alerts: {spoken(account.alerts)}", "note"),
        (account.cidr, "mono"),
        (account.domains[0] if account.domains else "", "mono"),
    )
    for number, (line, kind) in enumerate(lines):
        canvas.text(x + _PAD, y + 48 + 22 * number, line, kind, width - 2 * _PAD)
    canvas.unlink()


def _account(canvas: _Canvas, x: float, y: float, width: float, height: float, account: Account, marks: Marks) -> None:
    kind = "card" if account.cidr else "card login"
    canvas.box(x, y, width, height, kind + _changed(marks, ""), 10)
    named = canvas.text(x + _PAD, y + 24, account.stack, "title", width / 3)
    canvas.text(x + _PAD + named + 10, y + 24, account.id, "mono", width / 2)
    if "" in marks:
        canvas.mark(x + width, y, marks[""])


def anchor(stack: str) -> str:
    """The id of an environment's drawing on the page."""
    return f"environment-{stack}"


def search(query: str) -> str:
    """Where the page shows what is found."""
    return f"#{urlencode({'q': query})}"


# One environment -----------------------------------------------------------------------------------------------------


def environment(account: Account, marks: Marks, sheet: Sheet) -> Markup:
    """From the internet down to the zones: balancers, services by cluster, the network, names and alerts."""
    canvas = _Canvas(sheet, f"The environment {account.stack}")
    edge = 1.0
    inner = edge + (_GAP if sheet.columns > 1 else 8)
    room = sheet.width - 2 * inner
    trunk, inside = inner + _TRUNK, inner + 2 * _TRUNK
    y = 44.0
    outside = canvas.box(edge, y, sheet.width - 2 * edge, 0, "frame account", 10)
    network = canvas.box(inner, y + 40, room, 0, "frame network" + _changed(marks, "network"), 10)

    canvas.box(edge, 1, 92, 28, "internet", 14)
    canvas.text(edge + 20, 19.5, "Internet", "name", 80)
    named = canvas.text(inside + _PAD, y + 25, account.stack, "title", 120)
    place = f"{account.id}  {account.region}"
    canvas.text(inside + _PAD + named + 10, y + 25, place, "mono", room - named - 3 * _PAD)
    y += 40
    canvas.text(inside + _PAD, y + 23, "VPC", "name", 40)
    canvas.text(inside + _PAD + 36, y + 23, account.cidr, "mono", room / 2)
    if "network" in marks:
        canvas.mark(inner + room, y, marks["network"])
    y += 34

    end, width = 30.0, room - 2 * _TRUNK - _PAD
    for row in _rows(account.clusters, sheet.columns):
        if any(balancer.public for cluster, _ in row for balancer in cluster.balancers):
            end = y + 8
        y = _row(canvas, inside, y, width, row, marks, trunk)
    canvas.line(f"M{trunk:g} 30V{end:g}", "way")
    y = _zones(canvas, inside, y + 8, width, account, marks)
    network.set("height", f"{y - float(network.attrib['y']):g}")
    y = _beside(canvas, inner, y + _GAP, room, account, marks)
    outside.set("height", f"{y - float(outside.attrib['y']):g}")
    return canvas.finish(y + 1)


def _rows(clusters: Sequence[Cluster], columns: int) -> list[list[tuple[Cluster, int]]]:
    """Clusters beside each other, each with the columns that it takes: those with most services get what is left."""
    rows = []
    for start in range(0, len(clusters), columns):
        row = clusters[start : start + columns]
        spans = {cluster.name: 1 for cluster in row}
        for _ in range(columns - len(row)):
            fullest = max(row, key=lambda cluster: len(cluster.services) / spans[cluster.name])
            spans[fullest.name] += 1
        rows.append([(cluster, spans[cluster.name]) for cluster in row])
    return rows


def _row(
    canvas: _Canvas, x: float, y: float, room: float, row: Sequence[tuple[Cluster, int]], marks: Marks, trunk: float
) -> float:
    """Clusters beside each other, those with public services reached from the trunk; returns where the next row is."""
    bus, top = y + 8, y + 26
    columns = sum(span for _, span in row)
    column = (room - _GAP * (columns - 1)) / columns
    height = max(_height(cluster, span) for cluster, span in row)
    for cluster, span in row:
        width = column * span + _GAP * (span - 1)
        _cluster(canvas, x, top, width, height, cluster, span, marks)
        if any(balancer.public for balancer in cluster.balancers):
            middle = x + width / 2
            canvas.line(f"M{trunk:g} {bus:g}H{middle:g}V{top - 1:g}", "way")
            canvas.arrow(middle, top - 1)
        x += width + _GAP
    return top + height + _GAP


def _lanes(cluster: Cluster) -> list[tuple[str, str, list[Service]]]:
    """Class, words and services: those behind each balancer, public first, then those that nothing calls."""
    lanes = []
    for balancer in sorted(cluster.balancers, key=lambda balancer: (not balancer.public, balancer.name)):
        behind = [service for service in cluster.services if service.balancer == balancer.name]
        same = [other for other in cluster.balancers if other.public == balancer.public]
        words = "Public load balancer" if balancer.public else "Internal load balancer"
        words += f" {balancer.name}" if len(same) > 1 else ""
        words += ", web firewall" if balancer.firewall else ""
        words += "" if behind else ", unused"
        lanes.append(("public" if balancer.public else "internal", words, behind))
    known = {balancer.name for balancer in cluster.balancers}
    rest = [service for service in cluster.services if service.balancer not in known]
    for kind in sorted({service.kind for service in rest}, reverse=True):
        words = _UNCALLED.get(kind, "Behind no load balancer")
        lanes.append(("plain", words, [service for service in rest if service.kind == kind]))
    return lanes


def _service_height(services: Sequence[Service]) -> int:
    """In one lane all have an address to show, or none."""
    return 64 if any(service.address for service in services) else 46


def _height(cluster: Cluster, span: int) -> float:
    lanes = [-(-len(services) // span) * (_service_height(services) + _BETWEEN) for _, _, services in _lanes(cluster)]
    return _HEAD + sum(_LANE + lane + 4 for lane in lanes) + 4


def _cluster(
    canvas: _Canvas, x: float, y: float, width: float, height: float, cluster: Cluster, span: int, marks: Marks
) -> None:
    owner = f"cluster {cluster.name}"
    canvas.box(x, y, width, height, "cluster" + _changed(marks, owner), 8)
    hosts = f"{cluster.instance_type} \u00d7 {cluster.instances}"
    taken = canvas.text(x + width - _PAD, y + 25, hosts, "mono", width * 0.6, end=True)
    canvas.text(x + _PAD, y + 25, cluster.name, "title", width - taken - 3 * _PAD)
    if owner in marks:
        canvas.mark(x + width, y, marks[owner])
    y += _HEAD
    inside = width - 2 * _PAD
    each = (inside - _BETWEEN * (span - 1)) / span
    for kind, words, services in _lanes(cluster):
        canvas.box(x + _PAD, y, inside, 20, f"lane {kind}", 4)
        canvas.text(x + _PAD + 8, y + 14, words, "note", inside - 16)
        y += _LANE
        tall = _service_height(services)
        for number, service in enumerate(services):
            row, column = divmod(number, span)
            _service(
                canvas, x + _PAD + column * (each + _BETWEEN), y + row * (tall + _BETWEEN), each, tall, service, marks
            )
        y += -(-len(services) // span) * (tall + _BETWEEN) + 4


def _service(canvas: _Canvas, x: float, y: float, width: float, height: float, service: Service, marks: Marks) -> None:
    owner = f"service {service.name}"
    canvas.link(search(f'part:"{owner}"'))
    canvas.box(x, y, width, height, "service" + _changed(marks, owner))
    version = f"{service.version} \u00d7 {service.tasks}"
    taken = canvas.text(x + width - 10, y + 19, version, "mono", width * 0.55, end=True)
    canvas.text(x + 10, y + 19, service.name, "name", width - taken - 28)
    if service.address:
        canvas.text(x + 10, y + 37, service.address.rpartition("://")[2], "mono", width - 20)
    taken = canvas.text(x + width - 10, y + height - 10, spoken(service.alerts), "note", width / 2, end=True)
    canvas.text(x + 10, y + height - 10, service.owner, "note", width - taken - 28)
    canvas.unlink()
    if owner in marks:
        canvas.mark(x + width, y, marks[owner])


def _changed(marks: Marks, owner: str) -> str:
    return f" changed {marks[owner][0]}" if owner in marks else ""


def _zones(canvas: _Canvas, x: float, y: float, room: float, account: Account, marks: Marks) -> float:
    """The subnets of each zone, and the bastion in the public ones."""
    columns = min(len(account.zones) or 1, 4 if canvas.sheet.columns > 1 else 1)
    each = (room - _GAP * (columns - 1)) / columns
    for number, zone in enumerate(account.zones):
        row, column = divmod(number, columns)
        left, top = x + column * (each + _GAP), y + row * (_CORNER + 12)
        canvas.box(left, top, each, _CORNER, "zone", 8)
        canvas.text(left + _PAD, top + 20, zone.name, "name", each - 2 * _PAD)
        for line, (words, addresses) in enumerate(
            (("public", zone.public + (", NAT gateway" if zone.nat else "")), ("private", zone.private))
        ):
            canvas.text(left + _PAD, top + 41 + 19 * line, words, "note", 50)
            canvas.text(left + _PAD + 50, top + 41 + 19 * line, addresses, "mono", each - 2 * _PAD - 50)
    y += -(-len(account.zones) // columns) * (_CORNER + 12)
    if account.bastion:
        canvas.box(x, y, room, 30, "zone" + _changed(marks, "bastion"), 8)
        canvas.text(x + _PAD, y + 20, "Bastion", "name", 70)
        canvas.text(x + _PAD + 66, y + 20, account.bastion, "mono", room - 90)
        if "bastion" in marks:
            canvas.mark(x + room, y, marks["bastion"])
        y += 42
    return y


def _beside(canvas: _Canvas, x: float, y: float, room: float, account: Account, marks: Marks) -> float:
    """What an account has besides a network: names, what watches it, who gets in."""
    people = f"{account.people} {'person has' if account.people == 1 else 'people have'} a role here"
    watched = f"{account.objectives} objectives, {account.dashboards} dashboards"
    boxes = (
        ("dns", "Names", "mono", account.domains[:2]),
        ("environment", f"{sum(account.alerts.values())} alerts", "note", (spoken(account.alerts), watched)),
        ("account", f"{account.resources} resources", "note", (people, f"account {account.id}")),
    )
    columns = canvas.sheet.columns
    each = (room - _GAP * (columns - 1)) / columns
    for number, (owner, head, kind, lines) in enumerate(boxes):
        row, column = divmod(number, columns)
        left, top = x + column * (each + _GAP), y + row * (_CORNER + 12)
        canvas.box(left, top, each, _CORNER, "aside" + _changed(marks, owner), 8)
        canvas.text(left + _PAD, top + 20, head, "name", each - 2 * _PAD)
        for line, words in enumerate(lines):
            canvas.text(left + _PAD, top + 41 + 19 * line, words, kind, each - 2 * _PAD)
        if owner in marks:
            canvas.mark(left + each, top, marks[owner])
    return y + -(-len(boxes) // columns) * (_CORNER + 12) + 2
