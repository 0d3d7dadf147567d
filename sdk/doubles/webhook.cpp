// A generic receiver: single objects, arrays or lines of JSON, or plain text; with the checks that receivers make.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <ctime>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "encoding.hpp"
#include "json_read.hpp"
#include "platform.hpp"
#include "webhook_rules.hpp"

namespace csiem::doubles {
namespace {

namespace json = boost::json;

class Webhook final : public Platform {
 public:
  Webhook(PlatformOptions options, Recorder& recorder, FaultPlan& faults)
      : options_(std::move(options)),
        recorder_(recorder),
        faults_(faults),
        tokens_(options_.oauth_client, options_.oauth_lifetime_s) {}

  Answer handle(const Call& call) override {
    const int64_t now = std::time(nullptr);
    if (!options_.oauth_client.empty() && call.path == "/token") {
      recorder_.note("token", "\"" + std::to_string(tokens_.issued() + 1) + "\"");
      return tokens_.answer(call, now);
    }
    if (!authorised(call, now)) return failure(401);
    if (call.path == "/health") {
      recorder_.note("health", "\"" + call.method + "\"");
      return call.method == "GET" || call.method == "HEAD" || call.method == "OPTIONS" ? Answer{204, "", "", {}}
                                                                                       : failure(405);
    }
    const std::string& method = options_.method.empty() ? std::string("POST") : options_.method;
    if (call.method != method) {
      recorder_.violation("method " + call.method + ", expected " + method);
      return failure(405);
    }
    if (call.bad_encoding) return failure(415);
    if (!options_.sign_secret.empty())
      if (const auto wrong = wrong_signature(call, options_.sign_scheme, options_.sign_secret, now)) {
        recorder_.violation(*wrong);
        return failure(401);
      }
    return receive(call);
  }

  Answer failure(int status) override {
    return {status, "{\"error\":\"status " + std::to_string(status) + "\"}", "application/json", {}};
  }

 private:
  bool authorised(const Call& call, int64_t now) const {
    const auto authorization = call.header("authorization");
    if (!options_.token.empty() && authorization != "Bearer " + options_.token) return false;
    if (!options_.user.empty() && authorization != "Basic " + base64(options_.user + ":" + options_.password))
      return false;
    if (!options_.oauth_client.empty() && !tokens_.accepts(authorization, now)) return false;
    for (const auto& [name, value] : options_.require_headers)
      if (call.header(name) != value) return false;
    return true;
  }

  Answer receive(const Call& call) {
    auto type = call.header("content-type");
    type = type.substr(0, type.find(';'));
    std::vector<std::string> events;
    bool batch = false;
    if (type == "application/json") {
      const auto value = parse_one(call.body);
      if (!value) return bad("body is not JSON");
      if (const auto* array = value->if_array()) {
        batch = true;
        for (const auto& element : *array) events.push_back(json::serialize(element));
      } else {
        events.push_back(call.body);
      }
    } else if (type == "application/x-ndjson") {
      batch = true;
      if (!call.body.ends_with('\n')) return bad("the last line has no line feed");
      std::string_view rest = call.body;
      while (!rest.empty()) {
        const std::size_t feed = rest.find('\n');
        if (!parse_one(rest.substr(0, feed))) return bad("a line is not JSON");
        events.emplace_back(rest.substr(0, feed));
        rest.remove_prefix(feed + 1);
      }
    } else if (type == "text/plain" && options_.text) {
      events.push_back(json::serialize(json::string(call.body)));
    } else {
      return bad("content type " + std::string(type));
    }
    std::vector<std::string> ids;
    for (const auto& event : events) ids.push_back(event_id_of(event));
    if (const auto wrong = wrong_delivery_id(call, ids, batch)) return bad(*wrong);
    // A receiver takes a body or it does not: one refused event refuses the request.
    for (std::size_t i = 0; i < events.size(); ++i) {
      const bool poisoned = !options_.poison.empty() && events[i].find(options_.poison) != std::string::npos;
      const int status = poisoned ? 422 : faults_.strike_item(call.number);
      if (status == 0) continue;
      if (events.size() == 1) recorder_.refused(ids[i], status);
      return failure(status);
    }
    // The same delivery again, told by its key, is kept once; it must be the same.
    const auto [known, fresh] = bodies_.emplace(call.header("idempotency-key"), std::hash<std::string>()(call.body));
    if (!fresh && known->second != std::hash<std::string>()(call.body)) return bad("one Idempotency-Key, two bodies");
    for (std::size_t i = 0; i < events.size(); ++i) {
      // Shaped by a template: told apart by the key.
      const std::string id = ids[i].empty() ? known->first + "/" + std::to_string(i) : ids[i];
      recorder_.event(id, call.path, events[i], !fresh);
    }
    return {200, "{\"received\":" + std::to_string(events.size()) + "}", "application/json", {}};
  }

  Answer bad(const std::string& what) {
    recorder_.violation(what);
    return failure(400);
  }

  PlatformOptions options_;
  Recorder& recorder_;
  FaultPlan& faults_;
  TokenServer tokens_;
  std::map<std::string, std::size_t> bodies_;  // hashes of them, by key
};

}  // namespace

std::unique_ptr<Platform> make_webhook(PlatformOptions options, Recorder& recorder, FaultPlan& faults) {
  return std::make_unique<Webhook>(std::move(options), recorder, faults);
}

}  // namespace csiem::doubles
