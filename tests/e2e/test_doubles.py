"""The doubles are as strict as the vendors: what would be lost or refused there is lost or refused here."""

import json
import unittest
import urllib.error
import urllib.request

from harness import Case


def ask(url, body=b"", method="POST", **headers):
    request = urllib.request.Request(url, data=body or None, method=method,
                                     headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


class Requests(Case):
    def test_each_request_is_recorded_when_asked_for(self):
        mock = self.mock("webhook", "--record-requests", "--fail", "slow-read=300ms@1", "--fail", "429@2;retry-after=7")
        for n in range(3):
            ask(mock.url() + "/hook?x=1", b'{"event_id":"a%d"}' % n, Content_Type="application/json",
                Idempotency_Key="a%d" % n, webhook_id="a%d" % n)
        requests = [r for r in mock.recorded() if "request" in r]
        self.assertEqual([(r["request"], r["path"], r["status"], r["events"], r["fault"], r["retry_after"])
                          for r in requests],
                         [(1, "/hook", 200, 1, "slow-read", ""), (2, "/hook", 429, 0, "status", "7"),
                          (3, "/hook", 200, 1, "", "")])
        self.assertGreaterEqual(requests[0]["answered_ns"] - requests[0]["came_ns"], 300_000_000)
        self.assertEqual(mock.arrivals(), ["a0", "a2"])


class Splunk(Case):
    def post(self, mock, *envelopes):
        status, _, text = ask(mock.url() + "/services/collector/event", "\n".join(
            json.dumps(e) for e in envelopes).encode(), Authorization="Splunk t")
        return status, json.loads(text)["code"]

    def test_options_names_the_methods_and_asks_for_no_token(self):
        mock = self.mock("splunk", "--token", "t")
        status, headers, _ = ask(mock.url() + "/services/collector/event", method="OPTIONS")
        self.assertEqual(status, 200)
        self.assertIn("POST", headers["Allow"])
        self.assertEqual(ask(mock.url() + "/services/collector/event", method="PUT")[0], 405)
        self.assertEqual(ask(mock.url() + "/services/nowhere", method="OPTIONS")[0], 404)

    def test_an_unknown_key_ends_the_request_and_only_a_lone_one_is_told(self):
        mock = self.mock("splunk")
        good = [{"event": {"event_id": "e%d" % n}} for n in range(3)]
        self.assertEqual(self.post(mock, dict(good[0], extra=1)), (400, 5))
        self.assertEqual(mock.arrivals(), [])
        self.assertEqual(self.post(mock, good[0], dict(good[1], extra=1), good[2]), (200, 0))
        self.assertEqual(mock.arrivals(), ["e0"])
        self.assertEqual(mock.violations(), ["unknown envelope key extra"] * 2)

    def test_fields_without_an_event_are_skipped_without_a_word(self):
        mock = self.mock("splunk")
        self.assertEqual(self.post(mock, {"fields": {"a": "b"}}, {"event": {"event_id": "e1"}}), (200, 0))
        self.assertEqual(mock.arrivals(), ["e1"])
        self.assertEqual(len(mock.violations()), 1)
        self.assertEqual(self.post(mock, {"host": "h"}), (400, 12))


class Elastic(Case):
    def bulk(self, mock, query=""):
        body = b'{"create":{"_index":"i","_id":"1"}}\n{"a":1}\n'
        return ask(mock.url() + "/_bulk" + query, body, Content_Type="application/x-ndjson")

    def test_an_ingest_pipeline_must_exist(self):
        mock = self.mock("elastic", "--pipeline", "known")
        status, _, text = self.bulk(mock, "?pipeline=nope")
        self.assertEqual(status, 400)
        error = json.loads(text)["error"]
        self.assertEqual(error["type"], "illegal_argument_exception")
        self.assertEqual(error["reason"], "pipeline with id [nope] does not exist")
        self.assertEqual(mock.arrivals(), [])
        self.assertEqual(self.bulk(mock, "?pipeline=known")[0], 200)
        self.assertEqual(mock.arrivals(), ["1"])


if __name__ == "__main__":
    unittest.main()
