// What the tests of the webhook share: the plugin through its entry point, with a host that sends nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "common/test_host.hpp"

namespace csiem::webhook::test {

using csiem::testing::Batch;
using csiem::testing::Result;
using csiem::testing::TestHost;
using Answer = TestHost::Answer;

// The smallest configuration, with `more` members added or replaced.
inline std::string config(std::string_view more = "{}") {
  boost::json::value settings = boost::json::parse(R"({"url":"url","csiem":{"host_name":"machine-9"}})");
  const boost::json::value extra = boost::json::parse({more.data(), more.size()});
  for (const auto& [key, value] : extra.get_object()) settings.get_object()[key] = value;
  return boost::json::serialize(settings);
}

struct Webhook : TestHost {
  explicit Webhook(std::string_view more = "{}") {
    secrets["url"] = "https://soar.example/hooks/secret-path";
    secrets["auth.password"] = "open sesame";
    REQUIRE_MESSAGE(create(config(more)), error);
  }
};

inline std::string refusal(std::string_view more, std::string_view url = "https://soar.example/hooks") {
  TestHost host;
  host.secrets["url"] = url;
  return host.create(config(more)) ? std::string("accepted") : host.error;
}

inline Batch events(int count, std::string type = "application/json") {
  Batch batch(std::move(type));
  for (int i = 0; i < count; ++i) batch.add("id-" + std::to_string(i), R"({"n":)" + std::to_string(i) + "}");
  return batch;
}

inline bool mentions(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

inline const std::string kEnvelope =
    R"({"type":"clawdstrike.forbidden_path","timestamp":"2026-01-01T00:00:00.123456789Z","data":)";

}  // namespace csiem::webhook::test
