"""What a screen reader gets of a program: prints its accessible tree by AT-SPI, one object a line, "ROLE | NAME |
DESCRIPTION | STATES | X Y WIDTH HEIGHT" (within its window). For tests; needs a session bus
(DBUS_SESSION_BUS_ADDRESS)."""
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

STATES = {"focused": Atspi.StateType.FOCUSED, "checked": Atspi.StateType.CHECKED, "sensitive": Atspi.StateType.SENSITIVE}


def place(thing):
    part = thing.get_component_iface()
    box = part and part.get_extents(Atspi.CoordType.WINDOW)
    return f"{box.x} {box.y} {box.width} {box.height}" if box else ""


def show(thing, depth):
    try:
        tell(thing, depth)
    except GLib.Error:
        pass  # it went, or its program was too busy to answer, while we looked


def tell(thing, depth):
    states = thing.get_state_set()
    have = ",".join(name for name, state in STATES.items() if states.contains(state))
    print("  " * depth + " | ".join([thing.get_role_name(), thing.get_name() or "", thing.get_description() or "", have, place(thing)]))
    for i in range(thing.get_child_count()):
        child = thing.get_child_at_index(i)
        if child:
            show(child, depth + 1)


desktop = Atspi.get_desktop(0)
for i in range(desktop.get_child_count()):
    try:
        application = desktop.get_child_at_index(i)
        if application and application.get_name() == sys.argv[1]:
            show(application, 0)
    except GLib.Error:
        pass
