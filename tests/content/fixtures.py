"""Streams of canonical events that detections must, or must not, react to. Deterministic."""

import datetime
import random
import uuid

START = datetime.datetime(2026, 3, 2, 8, 0, tzinfo=datetime.timezone.utc)
POLICY = "sha256:" + "a1" * 32

# Guards with the kind of resource they decide on.
FILE = ("file", "file", "file_access")
NETWORK = ("network", "network", "egress")
TOOL = ("tool", "tool", "mcp_tool")
PROCESS = ("process", "process", "shell")
TEXT = ("configuration", "configuration", "untrusted_text")


class Stream:
    def __init__(self, name):
        self.name = name
        self.events = []

    def add(self, minute, event_type, guard, resource, target, severity="info", allowed=None, agent="agent-1", session="s-1", **more):
        category, kind, action = resource
        denied = not (event_type in ("policy_allow", "guard_warn", "session_start", "session_end"))
        allowed = (not denied) if allowed is None else allowed
        time = START + datetime.timedelta(minutes=minute)
        about = {"type": kind, "name": target}
        if resource is NETWORK:
            about.update(host=target, port=443)
        if resource is FILE:
            about.update(path=target)
        event = {
            "schema_version": "1.0.0",
            "event_id": str(uuid.uuid5(uuid.NAMESPACE_OID, "%s/%d" % (self.name, len(self.events)))),
            "event_type": event_type,
            "event_category": category,
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.") + "%06dZ" % time.microsecond,
            "agent": {"id": agent, "name": agent, "version": "1.0.0", "type": "clawdstrike"},
            "session": {"id": session, "user_id": "alice", "tenant_id": "acme", "environment": "production"},
            "outcome": "success" if allowed else "failure",
            "action": action,
            "threat": {},
            "decision": {"allowed": allowed, "guard": guard, "severity": severity, "reason": "because of " + guard, "policy_hash": POLICY},
            "resource": about,
            "metadata": {},
            "labels": {"team": "payments"},
        }
        for path, value in more.items():
            at = event
            *way, last = path.split("__")
            for step in way:
                at = at[step]
            if value is None:
                at.pop(last, None)
            else:
                at[last] = value
        self.events.append(event)
        return self


def benign_day():
    """A working day of 10 000 events: mostly allowed, single denials far apart."""
    dice = random.Random(20260302)
    stream = Stream("benign-day")
    agents = ["agent-%d" % n for n in range(1, 5)]
    for n in range(10_000):
        minute = n * 0.144  # 24 hours
        agent = agents[n % 4]
        session = "day-%s-%d" % (agent, int(minute // 60))
        resource, target = dice.choice(((FILE, "/srv/app/src/f%d.rs" % (n % 50)), (NETWORK, "api.example.com"),
                                        (TOOL, "read_file"), (PROCESS, "cargo test")))
        if n % 400 == 399:  # one low or medium denial an hour, each at another place
            stream.add(minute, "guard_block", "egress_allowlist", NETWORK, "h%d.example.net" % n,
                       dice.choice(("low", "medium")), agent=agent, session=session)
        elif n % 97 == 0:
            stream.add(minute, "guard_warn", "mcp_tool", TOOL, "deploy", "medium", agent=agent, session=session)
        else:
            stream.add(minute, "policy_allow", "engine", resource, target, agent=agent, session=session)
    return stream


def critical_violation():
    return Stream("critical-violation").add(0, "forbidden_path", "forbidden_path", FILE, "/home/alice/.ssh/id_ed25519", "critical",
                                            threat={"indicator": {"type": "file_path", "value": "/home/alice/.ssh/id_ed25519"},
                                                    "tactic": "TA0006", "technique": "T1552.004"})


def secret_leak():
    stream = Stream("secret-leak")
    stream.add(0, "secret_detected", "secret_leak", FILE, "/srv/app/.env.example", "high")
    return stream.add(1, "secret_detected", "output_sanitizer", TEXT, "output", "medium", allowed=True, session="s-2")


def denial_burst():
    stream = Stream("denial-burst")
    for n in range(25):
        stream.add(n * 0.15, "guard_block", "forbidden_path", FILE, "/etc/p%d" % n, "medium")
    return stream


def intel_hit():
    return Stream("intel-hit").add(0, "egress_blocked", "threat_intel", NETWORK, "paste.evil.example", "high",
                                   threat={"indicator": {"type": "domain", "value": "paste.evil.example"},
                                           "tactic": "TA0011", "technique": "T1071.001"})


def injection_then_egress():
    stream = Stream("injection-then-egress")
    stream.add(0, "policy_violation", "prompt_injection", TEXT, "tool result", "high")
    return stream.add(4, "policy_allow", "engine", NETWORK, "files.example.net")


def policy_change():
    stream = Stream("policy-change")
    stream.add(0, "policy_allow", "engine", FILE, "/srv/app/a.rs")
    return stream.add(5, "policy_allow", "engine", FILE, "/srv/app/b.rs", decision__policy_hash="sha256:" + "b2" * 32)


def agent_silent():
    """Two agents; one stops an hour before the other."""
    stream = Stream("agent-silent")
    for n in range(120):
        stream.add(n, "policy_allow", "engine", FILE, "/srv/app/a.rs", agent="agent-1")
        if n < 60:
            stream.add(n + 0.5, "policy_allow", "engine", FILE, "/srv/app/a.rs", agent="agent-2", session="s-2")
    return stream


def pipeline_gap():
    stream = Stream("pipeline-gap")
    for n in (0, 1, 2, 14, 15):
        stream.add(n, "policy_allow", "engine", FILE, "/srv/app/a.rs")
    return stream


def multi_agent_host():
    stream = Stream("multi-agent-host")
    for n in range(4):
        stream.add(n, "egress_blocked", "egress_allowlist", NETWORK, "new-service.example", "medium", agent="agent-%d" % n, session="s-%d" % n)
    return stream


def patch_loop():
    stream = Stream("patch-loop")
    for n in range(6):
        stream.add(n * 8, "patch_rejected", "patch_integrity", FILE, "/srv/app/ci.yml", "high", action="patch")
    return stream


def optional_fields_missing():
    """The least that an event has to carry; nobody may drop it, nothing is suspicious in it."""
    stream = Stream("optional-fields-missing")
    for n in range(5):
        stream.add(n, "policy_allow", "engine", FILE, "/srv/x", decision__policy_hash=None, session__user_id=None,
                   session__tenant_id=None, session__environment=None, labels={})
    return stream


def unicode_and_long_values():
    stream = Stream("unicode-and-long-values")
    stream.add(0, "policy_allow", "engine", FILE, "/srv/" + "x" * 300, decision__reason="ممنوع \u202eevil\u202c 日本語 \"quoted\" | a=b")
    return stream.add(1, "policy_allow", "engine", TOOL, "工具__翻译", session="日本語")


STREAMS = {f.__name__.replace("_", "-"): f for f in (
    benign_day, critical_violation, secret_leak, denial_burst, intel_hit, injection_then_egress, policy_change, agent_silent,
    pipeline_gap, multi_agent_host, patch_loop, optional_fields_missing, unicode_and_long_values)}


def reference():
    """A few events that together have every field that formats know; `pack check` runs them through the formats."""
    stream = Stream("reference")
    attack = {"tactic": "TA0006", "technique": "T1552.001"}
    stream.add(0, "session_start", "engine", ("session", "configuration", "session"), "session")
    stream.add(1, "policy_allow", "engine", FILE, "/srv/app/src/lib.rs", decision__ruleset="strict")
    stream.add(2, "forbidden_path", "forbidden_path", FILE, "/home/alice/.ssh/id_ed25519", "critical", decision__ruleset="strict",
               threat={"indicator": {"type": "file_path", "value": "/home/alice/.ssh/id_ed25519"}, **attack})
    stream.add(3, "egress_blocked", "threat_intel", NETWORK, "paste.evil.example", "high",
               threat={"indicator": {"type": "domain", "value": "paste.evil.example"}, "tactic": "TA0011", "technique": "T1071.001"})
    stream.add(4, "egress_blocked", "egress_allowlist", NETWORK, "2001:db8::5", "medium",
               threat={"indicator": {"type": "domain", "value": "2001:db8::5"}})
    stream.add(5, "guard_warn", "mcp_tool", TOOL, "deploy", "medium")
    stream.add(6, "guard_block", "patch_integrity", PROCESS, "rm -rf /srv", "high", resource__path="/usr/bin/rm",
               threat={"indicator": {"type": "pattern", "value": "rm_rf"}, "tactic": "TA0040", "technique": "T1485"})
    stream.add(7, "secret_detected", "secret_leak", FILE, "/srv/app/.env.example", "high", metadata={"kind": "token"}, threat=attack)
    stream.add(8, "patch_rejected", "patch_integrity", FILE, "/srv/app/ci.yml", "high", action="patch")
    stream.add(9, "policy_violation", "prompt_injection", TEXT, "tool result", "high")
    return stream.add(10, "session_end", "engine", ("session", "configuration", "session"), "session")
