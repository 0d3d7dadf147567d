"""The webhook exporter's signatures and tokens, as a receiver and a token server see them."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import unittest

from harness import Case, event, ids, lines, wait_for

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


if __name__ == "__main__":
    unittest.main()
