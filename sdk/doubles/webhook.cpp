// A generic receiver: single objects, arrays or lines of JSON.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "encoding.hpp"
#include "json_read.hpp"
#include "platform.hpp"

namespace csiem::doubles {
namespace {

namespace json = boost::json;

class Webhook final : public Platform {
 public:
  Webhook(PlatformOptions options, Recorder& recorder, FaultPlan& faults)
      : options_(std::move(options)), recorder_(recorder), faults_(faults) {}

  Answer handle(const Call& call) override {
    const std::string& method = options_.method.empty() ? std::string("POST") : options_.method;
    if (call.method != method) {
      recorder_.violation("method " + call.method + ", expected " + method);
      return failure(405);
    }
    const auto authorization = call.header("authorization");
    if (!options_.token.empty() && authorization != "Bearer " + options_.token) return failure(401);
    if (!options_.user.empty() && authorization != "Basic " + base64(options_.user + ":" + options_.password))
      return failure(401);
    for (const auto& [name, value] : options_.require_headers)
      if (call.header(name) != value) return failure(401);
    if (call.bad_encoding) return failure(415);
    return receive(call);
  }

  Answer failure(int status) override {
    return {status, "{\"error\":\"status " + std::to_string(status) + "\"}", "application/json", {}};
  }

 private:
  Answer receive(const Call& call) {
    auto type = call.header("content-type");
    type = type.substr(0, type.find(';'));
    std::vector<std::string> events;
    if (type == "application/json") {
      const auto value = parse_one(call.body);
      if (!value) return bad("body is not JSON");
      if (const auto* array = value->if_array()) {
        for (const auto& element : *array) events.push_back(json::serialize(element));
      } else {
        events.push_back(call.body);
      }
    } else if (type == "application/x-ndjson") {
      if (!call.body.ends_with('\n')) return bad("the last line has no line feed");
      std::string_view rest = call.body;
      while (!rest.empty()) {
        const std::size_t feed = rest.find('\n');
        if (!parse_one(rest.substr(0, feed))) return bad("a line is not JSON");
        events.emplace_back(rest.substr(0, feed));
        rest.remove_prefix(feed + 1);
      }
    } else {
      return bad("content type " + std::string(type));
    }
    // A receiver takes a body or it does not: one refused event refuses the request.
    for (const auto& event : events)
      if (const int status = faults_.strike_item(call.number); status != 0) {
        if (events.size() == 1) recorder_.refused(event_id_of(event), status);
        return failure(status);
      }
    // The same delivery again, told by its key, is kept once.
    const std::string key(call.header("idempotency-key"));
    const bool again = !key.empty() && !keys_.insert(key).second;
    for (const auto& event : events) recorder_.event(event_id_of(event), call.path, event, again);
    return {200, "{\"received\":" + std::to_string(events.size()) + "}", "application/json", {}};
  }

  Answer bad(const std::string& what) {
    recorder_.violation(what);
    return failure(400);
  }

  PlatformOptions options_;
  Recorder& recorder_;
  FaultPlan& faults_;
  std::set<std::string> keys_;
};

}  // namespace

std::unique_ptr<Platform> make_webhook(PlatformOptions options, Recorder& recorder, FaultPlan& faults) {
  return std::make_unique<Webhook>(std::move(options), recorder, faults);
}

}  // namespace csiem::doubles
