// A client on its own loop, driven until an answer is there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "http/client.hpp"

namespace csiem::http::test {

struct Fixture {
  boost::asio::io_context loop;
  std::optional<Client> client{std::in_place, loop};
  std::shared_ptr<Policy> policy = std::make_shared<Policy>();

  explicit Fixture(const std::string& origin) {
    policy->allowed_origins = {origin};
    policy->default_timeout_ms = 5'000;
  }

  // Runs the loop until `done` or five seconds have passed.
  template <class Done>
  bool run_until(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!done() && std::chrono::steady_clock::now() < end) {
      loop.restart();
      loop.run_one_for(std::chrono::milliseconds(20));
    }
    return done();
  }

  Response fetch(Request request) {
    std::optional<Response> response;
    const auto sent = client->send(std::move(request), policy, [&](const Response& r) { response = r; });
    if (!sent) FAIL("refused: " << sent.error().what());
    REQUIRE_FALSE(response.has_value());  // never from inside send()
    REQUIRE(run_until([&] { return response.has_value(); }));
    return *std::move(response);
  }
};

inline Request post(const std::string& url, std::string body = "{}") {
  Request request;
  request.url = url;
  request.headers = {{"Content-Type", "application/json", nullptr}};
  request.body = std::move(body);
  return request;
}

inline Request get(const std::string& url) {
  Request request;
  request.method = "GET";
  request.url = url;
  return request;
}

}  // namespace csiem::http::test
