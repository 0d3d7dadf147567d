// Looking into JSON documents that a format wrote, and the event of schemas.md's examples. Tests only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <string>

#include "common/test_event.hpp"
#include "common/test_format.hpp"

namespace csiem::testing {

inline boost::json::value parsed(const csiem_event& event, TestFormat& format) {
  const std::string text = format.encode(event);
  boost::json::error_code error;
  auto value = boost::json::parse(text, error);
  REQUIRE_MESSAGE(!error, text);
  return value;
}
inline boost::json::value parsed(const csiem_event& event) {
  TestFormat format;
  return parsed(event, format);
}

// What stands at a JSON pointer, as compact text; "-" when nothing does.
inline std::string at(const boost::json::value& document, const char* pointer) {
  boost::json::error_code error;
  const auto* value = document.find_pointer(pointer, error);
  return value == nullptr ? "-" : boost::json::serialize(*value);
}

// The blocked egress that schemas.md shows in every format, in canonical form. `metadata` is a JSON object.
inline std::string egress_text(const std::string& metadata = "{}") {
  return R"({"schema_version":"1.0.0","event_id":"0194d3c2-7b01-7a10-8c4d-5e6f70819201","event_type":"egress_blocked",)"
         R"("event_category":"network","timestamp":"2026-02-07T10:15:01.123456790Z","agent":{"id":"agent-7f3a","name":"build-agent",)"
         R"("version":"0.1.0","type":"clawdstrike"},"session":{"id":"sess-20260207-01","user_id":"alice","tenant_id":"acme-corp",)"
         R"("environment":"production"},"outcome":"failure","action":"egress","threat":{"indicator":{"type":"domain",)"
         R"("value":"paste.evil.example"},"tactic":"TA0010","technique":"T1048"},"decision":{"allowed":false,)"
         R"("guard":"egress_allowlist","severity":"high","reason":"Egress to paste.evil.example:443 is not on the allowlist",)"
         R"("policy_hash":"sha256:9f2c","ruleset":"strict"},"resource":{"type":"network","name":"paste.evil.example",)"
         R"("host":"paste.evil.example","port":443},"metadata":)" +
         metadata + R"(,"labels":{"team":"payments"}})";
}

}  // namespace csiem::testing
