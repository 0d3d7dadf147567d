"""Whether a detection of the table fires on a stream, given which events its query finds."""

import collections
import datetime

from conditions import getter


def time_of(event):
    return datetime.datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))


def group_of(event, paths):
    """The event's values, or None where it lacks one: platforms do not group what is not there."""
    get = getter(event)
    values = [get(p) for p in paths]
    return None if any(not v for v in values) else tuple(str(v[0]) for v in values)


def fires(row, events, found):
    """`found`: per step of the detection the set of indexes of events that its query finds."""
    window = datetime.timedelta(minutes=row["window_minutes"])
    groups = [collections.defaultdict(list) for _ in found]
    for step, indexes in enumerate(found):
        for index in sorted(indexes):
            group = group_of(events[index], row["group_by"])
            if group is not None:
                groups[step][group].append(events[index])
    return {"count": most, "distinct": most, "sequence": follows, "new_value": changes, "silence": silent}[row["kind"]](
        row, events, groups, window)


def most(row, events, groups, window):
    value = row.get("value")
    for members in groups[0].values():
        for begin, first in enumerate(members):
            inside = [e for e in members[begin:] if time_of(e) - time_of(first) <= window]
            amount = len(inside) if value is None else len({getter(e)(value)[0] for e in inside if getter(e)(value)})
            if amount >= row["threshold"]:
                return True
    return False


def follows(row, events, groups, window):
    return any(datetime.timedelta(0) < time_of(second) - time_of(first) <= window
               for group, members in groups[0].items() for first in members for second in groups[1].get(group, []))


def changes(row, events, groups, window):
    return any(len({getter(e)(row["value"])[0] for e in members}) > 1 for members in groups[0].values())


def silent(row, events, groups, window):
    end = max(time_of(e) for e in events)
    for members in groups[0].values():
        times = [time_of(e) for e in members] + [end]
        if any(b - a >= window for a, b in zip(times, times[1:])):
            return True
    return False
