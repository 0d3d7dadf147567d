"""The webhook exporter as receivers see it: signatures, tokens, templates, addresses, and what they answer."""

import base64
import hashlib
import hmac
import http.server
import json
import shutil
import threading
import unittest

from harness import Case, event, ids, lines, wait_for
from test_tls import Certificates

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
PREVIOUS = "whsec_" + base64.b64encode(b"p" * 32).decode()


class Server:
    """Answers by `answer(handler, body)`, which returns status and text; keeps what came."""

    def __init__(self, answer):
        requests = self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                requests.append((dict(self.headers), body))
                status, text = answer(len(requests), dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Webhook(Case):
    def server(self, answer):
        server = Server(answer)
        self.addCleanup(server.stop)
        return server

    def hook(self, url, more):
        return ('[exporters.hook]\ntype = "webhook"\nurl = "%s/hook"\nformat = "native"\n'
                'retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n%s\n') % (url, more)

    def deliver(self, receiver, more, env):
        events = [event(n) for n in range(20)]
        self.write("in.jsonl", lines(events))
        status, text = self.run_once(self.config(self.source() + self.hook(receiver.url, more)), env=env)
        self.assertEqual(status, 0, text)
        self.assertEqual({json.loads(body)["data"]["event_id"] for _, body in receiver.requests}, ids(events))
        return text

    def test_a_receiver_can_check_both_signatures_and_a_retry_keeps_its_id(self):
        receiver = self.server(lambda n, headers, body: (503 if n == 3 else 200, "{}"))
        self.deliver(receiver, 'sign = { scheme = "standard-webhooks", secret = "cred:NEW", previous_secret = "cred:OLD" }',
                     {"NEW": SECRET, "OLD": PREVIOUS})
        seen = {}
        for headers, body in receiver.requests:
            signed = ("%s.%s." % (headers["webhook-id"], headers["webhook-timestamp"])).encode() + body
            expected = ["v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
                        for key in (b"k" * 32, b"p" * 32)]
            self.assertEqual(headers["webhook-signature"].split(" "), expected)
            self.assertEqual(headers["webhook-id"], json.loads(body)["data"]["event_id"])
            seen[headers["webhook-id"]] = seen.get(headers["webhook-id"], 0) + 1
        self.assertEqual(sorted(seen.values()), [1] * 19 + [2])

    def test_one_token_serves_many_deliveries_and_a_refused_one_is_renewed(self):
        tokens = self.server(lambda n, headers, body: (
            200, json.dumps({"access_token": "token-%d" % n, "token_type": "Bearer", "expires_in": 3600})))
        receiver = self.server(lambda n, headers, body: (
            (200, "{}") if headers["Authorization"] == ("Bearer token-1" if n < 10 else "Bearer token-2") else (401, "{}")))
        text = self.deliver(receiver, 'concurrency = 1\nauth = { type = "oauth2", token_url = "%s/token", client_id = "siem", '
                            'client_secret = "cred:CLIENT", scope = "hooks" }' % tokens.url, {"CLIENT": "canary-secret"})
        self.assertEqual(len(tokens.requests), 2)
        self.assertEqual(tokens.requests[0][1], b"grant_type=client_credentials&scope=hooks")
        self.assertEqual(base64.b64decode(tokens.requests[0][0]["Authorization"].split()[1]), b"siem:canary-secret")
        self.assertNotIn("canary-secret", text)

    def test_a_client_that_the_token_server_refuses_holds_the_exporter_and_is_named(self):
        tokens = self.server(lambda n, headers, body: (401, '{"error":"invalid_client"}'))
        receiver = self.server(lambda n, headers, body: (200, "{}"))
        self.write("in.jsonl", lines([event(1)]))
        daemon = self.daemon(self.config(self.source() + self.hook(
            receiver.url, 'auth = { type = "oauth2", token_url = "%s/token", client_id = "siem", client_secret = "cred:CLIENT" }'
            % tokens.url)), env={"CLIENT": "canary-secret"}).ready()
        wait_for("the server's words", lambda: "invalid_client" in daemon.text())
        daemon.kill9()
        self.assertEqual(receiver.requests, [])
        self.assertNotIn("canary-secret", daemon.text())
        self.assertEqual(self.dead_letters("hook"), [])


FAST = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"


class Receiver(Case):
    """Against the double, which checks what receivers check and records what is wrong."""

    def deliver(self, hook, more, env=None, events=None):
        events = events or [event(n) for n in range(20)]
        self.write("in.jsonl", lines(events))
        status, text = self.run_once(self.config(self.source() + self.webhook(hook, more=FAST + more)), env=env or {})
        self.assertEqual(status, 0, text)
        self.assertEqual(hook.violations(), [])
        return events, text

    def hold(self, hook, more, words, env=None, scheme="http"):
        """What the daemon says about a receiver that takes nothing: with its code and the place of the exporter."""
        self.write("in.jsonl", lines([event(n) for n in range(3)]))
        config = self.config(self.source() + self.webhook(hook, more=FAST + more).replace("http://", scheme + "://"))
        daemon = self.daemon(config, env=env or {}).ready()
        wait_for(words, lambda: words in daemon.text())
        daemon.kill9()
        self.assertIn("test.toml:", daemon.text())
        self.assertEqual(hook.arrivals() if hasattr(hook, "arrivals") else [], [])
        self.assertEqual(self.dead_letters("hook"), [])
        return daemon.text()

    def test_every_scheme_of_signatures_is_right_and_ids_are_the_events(self):
        for scheme, secret in (("standard-webhooks", SECRET), ("github", "github-secret"), ("stripe", "stripe-secret")):
            for framing in ("single", "ndjson"):
                with self.subTest(scheme=scheme, framing=framing):
                    hook = self.mock("webhook", "--sign", scheme, "--sign-secret", secret, "--fail", "503@2")
                    self.fresh_store()
                    events, _ = self.deliver(hook, 'framing = "%s"\nsign = { scheme = "%s", secret = "cred:S" }' % (
                        framing, scheme), {"S": secret})
                    self.assertEqual(sorted(hook.arrivals()), sorted(ids(events)))

    def fresh_store(self):
        shutil.rmtree(self.path("data"), ignore_errors=True)

    def test_a_wrong_signature_is_noticed_by_the_double(self):
        hook = self.mock("webhook", "--sign-secret", SECRET)
        self.write("in.jsonl", lines([event(1)]))
        daemon = self.daemon(self.config(self.source() + self.webhook(
            hook, more=FAST + 'sign = { scheme = "standard-webhooks", secret = "cred:S" }')), env={"S": PREVIOUS}).ready()
        wait_for("a violation", hook.violations)
        daemon.kill9()
        self.assertEqual(hook.arrivals(), [])

    def test_tokens_that_expire_are_asked_for_anew(self):
        hook = self.mock("webhook", "--oauth-client", "siem:s3cret/%", "--oauth-lifetime", "3600")
        auth = 'auth = { type = "oauth2", token_url = "%s/token", client_id = "siem", client_secret = "cred:C", client_auth = "%s" }'
        for how in ("post",):
            events, text = self.deliver(hook, auth % (hook.url(), how), {"C": "s3cret/%"})
            self.assertEqual(sorted(hook.arrivals()), sorted(ids(events)))
            self.assertEqual(len([r for r in hook.everything() if "token" in r]), 1)
            self.assertNotIn("s3cret", text)

    def test_basic_header_and_secret_headers(self):
        hook = self.mock("webhook", "--user", "aladdin", "--password", "open sesame", "--method", "PUT",
                         "--require-header", "x-key=k3y", "--require-header", "x-env=prod")
        events, text = self.deliver(hook, 'method = "PUT"\nheaders = { "X-Key" = "cred:K", "X-Env" = "prod" }\n'
                                    'auth = { type = "basic", username = "aladdin", password = "cred:P" }',
                                    {"K": "k3y", "P": "open sesame"})
        self.assertEqual(sorted(hook.arrivals()), sorted(ids(events)))
        self.assertNotIn("sesame", text)

    def test_a_wrong_token_holds_the_exporter_and_says_where(self):
        hook = self.mock("webhook", "--token", "right")
        text = self.hold(hook, 'auth = { type = "bearer", token = "cred:T" }', "CS4010", {"T": "wrong-canary"})
        self.assertNotIn("wrong-canary", text)

    def test_a_tree_of_templates_cannot_be_broken_by_an_event(self):
        evil = '","admin":true,"x":"{decision.guard}'
        one = event(1)
        one["decision"]["reason"] = evil
        hook = self.mock("webhook")
        self.deliver(hook, '[exporters.hook.body]\ntext = "{decision.severity:upper}: {decision.reason}"\n'
                     'event_id = "{event_id}"\nevent = "{.}"\ngone = "{threat.tactic}"\n'
                     'alerts = [{ labels = { guard = "{decision.guard}" }, n = "{metadata.n}" }]\n', events=[one])
        body = hook.bodies()[0]
        self.assertEqual(body["text"], "INFO: " + evil)
        self.assertEqual(body["event"]["decision"]["reason"], evil)
        self.assertEqual(body["alerts"], [{"labels": {"guard": "forbidden_path"}, "n": 1}])
        self.assertEqual(set(body), {"text", "event_id", "event", "alerts"})

    def test_a_template_file_and_a_path_by_tenant(self):
        self.write("t.json", '{"event_id": "{event_id}",\n "why": "{decision.reason:cut(9)}", "n": {metadata.n}}\n')
        events = [event(n, session={"id": "s", "tenant_id": "t/%d" % (n % 2)}) for n in range(10)]
        hook = self.mock("webhook")
        more = ('template_file = "%s"\ncontent_type = "application/x-ndjson"\nframing = "ndjson"\n'
                'headers = { "X-Tenant" = "t={session.tenant_id|none}" }\n' % self.path("t.json"))
        self.write("in.jsonl", lines(events))
        config = self.webhook(hook, more=FAST + more).replace("/hook\"", "/in/{session.tenant_id|none}\"")
        status, text = self.run_once(self.config(self.source() + config))
        self.assertEqual((status, hook.violations()), (0, []), text)
        self.assertEqual(sorted(hook.arrivals()), sorted(ids(events)))
        self.assertEqual({r["to"] for r in hook.everything() if "id" in r}, {"/in/t%2F0", "/in/t%2F1"})

    def test_plain_text(self):
        hook = self.mock("webhook", "--text")
        self.deliver(hook, 'template = "{decision.severity} {decision.reason}"', events=[event(7)])
        self.assertEqual(hook.bodies(), ["info because 7"])

    def test_templates_that_cannot_work_are_shown_with_their_place(self):
        self.write("t.json", '{"a": "{event_id}",\n "b": {decision.resaon}}\n')
        config = self.config(
            '[exporters.a]\ntype = "webhook"\nurl = "https://a.example/h"\ntemplate = "why {decision.resaon}"\n'
            '[exporters.b]\ntype = "webhook"\nurl = "https://a.example/h"\ncontent_type = "application/json"\n'
            'template_file = "%s"\n'
            '[exporters.c]\ntype = "webhook"\nurl = "https://{labels.region}.example.com/h"\n'
            'headers = { "X-A" = "{event_id}" }\n'
            '[exporters.d]\ntype = "webhook"\nurl = "https://a.example/h"\ntemplate = "x"\ntemplate_file = "/y"\n'
            'auth = { type = "mtls" }\nallow_hosts = ["*.com"]\n' % self.path("t.json"))
        status, out, err = self.cli("--config", config, "validate", "--offline")
        self.assertEqual(status, 78)
        text = out + err
        self.assertIn("did you mean 'decision.reason'?", text)
        with open(config) as f:
            at = [n for n, line in enumerate(f, 1) if line.startswith("template = \"why")][0]
        self.assertIn("test.toml:%d:18" % at, text)
        self.assertIn(self.path("t.json") + ":2:8: 'decision.resaon'", text)
        self.assertIn("allow_hosts", text)
        self.assertIn("CS1051", text)
        self.assertIn("exclude each other", text)
        self.assertIn("tls.cert_file", text)
        self.assertIn("is not a host name", text)

    def test_a_host_that_an_event_chooses_must_be_public_or_allowed(self):
        hook = self.mock("webhook")
        url = 'url = "http://{labels.host}:%d/hook"\nallow_hosts = ["localhost"]\nallow_plain_http = true\n' % hook.port
        own = '[exporters.hook]\ntype = "webhook"\nformat = "native"\n' + FAST + url
        self.write("in.jsonl", lines([event(1, labels={"host": "localhost"})]))
        daemon = self.daemon(self.config(self.source() + own)).ready()
        wait_for("the refusal", lambda: "needs allow_private" in daemon.text())
        daemon.kill9()
        self.assertEqual(hook.everything(), [])
        self.fresh_store()
        self.write("in.jsonl", lines([event(1, labels={"host": "localhost"}), event(2, labels={"host": "127.0.0.1/x"}),
                                      event(3, labels={})]))
        status, text = self.run_once(self.config(self.source() + own + "allow_private = true\n"))
        self.assertEqual(hook.arrivals(), [event(1)["event_id"]], text)
        self.assertEqual({letter["event_id"] if "event_id" in letter else letter["event"]["event_id"]
                          for letter in self.dead_letters("hook")}, {event(2)["event_id"], event(3)["event_id"]})
        self.assertIn("CS1110", self.cli("--config", self.path("test.toml"), "validate", "--offline")[2]
                      + self.cli("--config", self.path("test.toml"), "validate", "--offline")[1])

    def test_redirects_are_not_followed(self):
        target = self.page(200, b"{}")
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status=status):
                self.fresh_store()
                page = self.page(status, headers=[("Location", target.url() + "/take?token=canary")])
                text = self.hold(page, 'auth = { type = "bearer", token = "cred:T" }', "CS4040", {"T": "t0ken-canary"})
                self.assertIn("redirects are not followed", text)
                self.assertNotIn("canary", text)
        self.assertEqual(target.requests, [])

    def test_a_200_that_says_no_is_not_taken_for_a_delivery(self):
        hook = self.mock("webhook", "--fail", "inside=500@1", "--fail", "html@2")
        events, text = self.deliver(hook, 'concurrency = 1\nsuccess_body_contains = "received"', events=[event(1)])
        self.assertEqual(hook.arrivals(), [event(1)["event_id"]])
        self.assertIn("lacks the text of success", text)

    def test_a_large_error_body_is_cut(self):
        hook = self.mock("webhook", "--fail", "flood=10485760@1")
        _, text = self.deliver(hook, "concurrency = 1\n", events=[event(1)])
        self.assertEqual(hook.arrivals(), [event(1)["event_id"]])
        self.assertLess(len(text), 64 * 1024)

    def test_one_poison_event_costs_itself_only(self):
        hook = self.mock("webhook", "--poison", "because 77\"")
        events = [event(n) for n in range(300)]
        self.write("in.jsonl", lines(events))
        self.run_once(self.config(self.source() + self.webhook(hook, more=FAST + 'framing = "ndjson"\nbatch_size = 50\n')))
        self.assertEqual(hook.violations(), [])
        self.assertEqual(sorted(hook.arrivals()), sorted(ids(events) - {event(77)["event_id"]}))
        self.assertEqual(len(self.dead_letters("hook")), 1)

    def test_events_of_allowed_actions_can_be_left_out(self):
        hook = self.mock("webhook")
        events = [event(n, "high" if n % 2 else "info") for n in range(10)]
        self.deliver(hook, "include_allowed = false\n", events=events)
        self.assertEqual(sorted(hook.arrivals()), sorted(ids(e for e in events if not e["decision"]["allowed"])))


class MutualTls(Certificates, Receiver):
    def setUp(self):
        super().setUp()
        self.authority()
        self.certificate("server", "IP:127.0.0.1")
        self.certificate("client", "DNS:client", use="clientAuth")
        self.openssl("pkcs8", "-topk8", "-in", "client.key", "-out", "locked.key", "-passout", "pass:open sesame")

    def secure(self, certificate, *options):
        return self.mock("webhook", "--tls-cert", self.path(certificate + ".pem"), "--tls-key",
                         self.path(certificate + ".key"), *options)

    def own(self, key, more=""):
        return 'tls = { ca_file = "%s", cert_file = "%s", key_file = "%s"%s }\nauth = { type = "mtls" }\n' % (
            self.path("ca.pem"), self.path("client.pem"), self.path(key), more)

    def test_an_encrypted_key_opens_with_its_credential(self):
        hook = self.secure("server", "--tls-client-ca", self.path("ca.pem"))
        self.write("in.jsonl", lines([event(n) for n in range(20)]))
        config = self.webhook(hook, more=FAST + self.own("locked.key", ', key_passphrase = "cred:PASS"'))
        status, text = self.run_once(self.config(self.source() + config.replace("http://", "https://")),
                                     env={"PASS": "open sesame"})
        self.assertEqual((status, len(hook.arrivals()), hook.violations()), (0, 20, []), text)
        self.assertNotIn("sesame", text)

    def test_a_wrong_passphrase_sends_nothing_and_is_not_shown(self):
        hook = self.secure("server", "--tls-client-ca", self.path("ca.pem"))
        text = self.hold(hook, self.own("locked.key", ', key_passphrase = "cred:PASS"'), "CS4002",
                         {"PASS": "wrong sesame"}, "https")
        self.assertNotIn("sesame", text)

    def test_an_encrypted_key_without_a_passphrase_is_an_error_of_the_configuration(self):
        hook = self.secure("server")
        self.config(self.source() + self.webhook(hook, more=self.own("locked.key")))
        status, out, err = self.cli("--config", self.path("test.toml"), "validate", "--offline")
        self.assertEqual(status, 78)
        self.assertIn("tls.key_passphrase", out + err)

    def test_certificates_that_are_not_believed(self):
        self.certificate("old", "IP:127.0.0.1", days="-1")
        self.certificate("other", "DNS:other.example.com")
        for name, words in (("old", "expired"), ("other", "")):
            with self.subTest(certificate=name):
                self.fresh_store()
                text = self.hold(self.secure(name), 'tls = { ca_file = "%s" }\n' % self.path("ca.pem"), "CS4002",
                                 scheme="https")
                self.assertIn(words, text)


if __name__ == "__main__":
    unittest.main()
