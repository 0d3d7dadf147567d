// Splunk HTTP Event Collector: token, envelope and raw lines, partial acceptance, acknowledgement.
//
// Rules and codes: Splunk's HEC documentation ("Troubleshoot HTTP Event Collector", error codes 0 to 27); partial
// acceptance as servers of version 10 behave: what stands before the bad event is indexed.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <utility>

#include "json_read.hpp"
#include "platform.hpp"
#include "splunk_indexer.hpp"

namespace csiem::doubles {
namespace {

namespace json = boost::json;

constexpr std::size_t kCloudBodyBytes = 5'500'000;
constexpr std::string_view kEnvelopeKeys[] = {"event", "time", "host", "source", "sourcetype", "index", "fields"};

Answer coded(int status, int code, std::string_view text, int number = -1) {
  json::object body{{"text", text}, {"code", code}};
  if (number >= 0) body["invalid-event-number"] = number;
  return {status, json::serialize(body), "application/json", {}};
}

bool is_guid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  }
  return true;
}

bool flat(const json::value& value) {
  if (value.is_object() || value.is_null()) return false;
  if (const auto* array = value.if_array())
    return std::all_of(array->begin(), array->end(),
                       [](const json::value& v) { return !v.is_object() && !v.is_array() && !v.is_null(); });
  return true;
}

class Splunk final : public Platform {
 public:
  Splunk(PlatformOptions options, Recorder& recorder, FaultPlan& faults)
      : options_(std::move(options)),
        recorder_(recorder),
        faults_(faults),
        indexers_(std::max<uint64_t>(options_.indexers, 1), SplunkIndexer(options_.ack_after_polls)) {}

  Answer handle(const Call& call) override {
    const std::size_t number = indexer_of(call);
    Answer answer = serve(call, indexers_[number]);
    if (indexers_.size() > 1) answer.headers.emplace_back("Set-Cookie", "NODE=" + std::to_string(number) + "; Path=/");
    return answer;
  }

  Answer serve(const Call& call, SplunkIndexer& indexer) {
    if (call.path == "/services/collector/health" || call.path == "/services/collector/health/1.0") {
      // It asks for no token, but looks at one.
      if (!call.header("authorization").empty() && authorise(call)) return coded(400, 21, "Invalid token");
      return coded(200, 17, "HEC is healthy");
    }
    const bool event = call.path == "/services/collector/event" || call.path == "/services/collector" ||
                       call.path == "/services/collector/event/1.0";
    const bool ack = call.path == "/services/collector/ack" || call.path == "/services/collector/ack/1.0";
    const bool raw = call.path == "/services/collector/raw" || call.path == "/services/collector/raw/1.0";
    if (!event && !ack && !raw) {
      recorder_.violation("unknown path " + call.path);
      return coded(404, 404, "The requested URL was not found on this server.");
    }
    if (call.method == "OPTIONS") return {200, "", "application/json", {{"Allow", "POST, OPTIONS"}}};
    if (call.method != "POST") {
      recorder_.violation("method " + call.method + " on " + call.path);
      return coded(405, 404, "The requested URL was not found on this server.");
    }
    if (auto refused = authorise(call)) return *refused;
    if (options_.ack) {
      const auto channel = channel_of(call);
      if (channel.empty()) return coded(400, 10, "Data channel is missing");
      if (!is_guid(channel)) return coded(400, 11, "Invalid data channel");
    }
    if (ack) return acknowledge(call, indexer);
    ++indexed_;
    if (std::find(options_.restart_at.begin(), options_.restart_at.end(), indexed_) != options_.restart_at.end())
      indexer.restart();
    return raw ? index_lines(call, indexer) : index(call, indexer);
  }

  Answer failure(int status) override {
    switch (status) {
      case 401:
        return coded(401, 3, "Invalid authorization");
      case 403:
        return coded(403, 4, "Invalid token");
      case 413:
        return {413, "<html><body><h1>413 Request Entity Too Large</h1></body></html>", "text/html", {}};
      case 429:
        return coded(429, 26, "HEC queue is at capacity");
      case 500:
        return coded(500, 8, "Internal server error");
      case 503:
        return coded(503, 9, "Server is busy");
      default:
        return {status, "<html><body>proxy error</body></html>", "text/html", {}};
    }
  }

 private:
  static std::string channel_of(const Call& call) {
    const auto header = call.header("x-splunk-request-channel");
    if (!header.empty()) return std::string(header);
    const auto it = call.query.find("channel");
    return it == call.query.end() ? std::string() : it->second;
  }

  std::optional<Answer> authorise(const Call& call) {
    const auto header = call.header("authorization");
    if (header.empty()) return coded(401, 2, "Token is required");
    constexpr std::string_view kScheme = "Splunk ";
    if (header.substr(0, kScheme.size()) != kScheme) return coded(401, 3, "Invalid authorization");
    if (!options_.token.empty() && header.substr(kScheme.size()) != options_.token)
      return coded(403, 4, "Invalid token");
    return std::nullopt;
  }

  // A balancer keeps a client where its cookie says; without one it takes turns.
  std::size_t indexer_of(const Call& call) {
    const auto cookie = call.header("cookie");
    const auto at = cookie.find("NODE=");
    if (at != std::string_view::npos && at + 5 < cookie.size()) {
      const auto number = static_cast<std::size_t>(cookie[at + 5] - '0');
      if (number < indexers_.size()) return number;
    }
    return turn_++ % indexers_.size();
  }

  Answer acknowledge(const Call& call, SplunkIndexer& indexer) {
    const auto body = parse_one(call.body);
    const auto* object = body ? body->if_object() : nullptr;
    const auto* ids = object == nullptr ? nullptr : object->if_contains("acks");
    if (!options_.ack) return coded(400, 14, "ACK is disabled");
    if (ids == nullptr || !ids->is_array()) return coded(400, 6, "Invalid data format");
    json::object states;
    for (const auto& id : ids->get_array()) {
      const auto number = id.is_int64() ? id.get_int64() : -1;
      states[std::to_string(number)] = indexer.poll(channel_of(call), number, recorder_);
    }
    return {200, json::serialize(json::object{{"acks", states}}), "application/json", {}};
  }

  Answer index(const Call& call, SplunkIndexer& indexer) {
    if (call.bad_encoding) return {415, "<html><body>Unsupported Media Type</body></html>", "text/html", {}};
    if (options_.require_gzip && call.header("content-encoding") != "gzip") recorder_.violation("body is not gzip");
    if (options_.cloud && call.body.size() > kCloudBodyBytes) return coded(400, 6, "Invalid data format", 0);
    Stacked stacked;
    const bool whole = parse_stacked(call.body, stacked);
    std::vector<SplunkIndexer::Event> taken;
    if (whole && stacked.values.empty()) {
      recorder_.violation("empty body");
      return coded(400, 5, "No data");
    }
    for (std::size_t i = 0; i < stacked.values.size(); ++i) {
      const int number = static_cast<int>(i);
      if (has_unknown_key(stacked.values[i])) {
        // The server silently stops reading there: nothing says that this event and those behind it are lost.
        if (i == 0) return coded(400, 5, "No data");
        break;
      }
      if (is_skipped(stacked.values[i])) continue;
      if (auto bad = check(stacked.values[i], number)) return stopped(std::move(taken), *bad);
      if (const int injected = faults_.strike_item(call.number); injected != 0) {
        recorder_.refused(id_of(stacked.values[i], stacked.texts[i]), injected);
        return stopped(std::move(taken), coded(400, 6, "Invalid data format", number));
      }
      taken.push_back(accepted(stacked.values[i].get_object()));
    }
    if (!whole) {
      recorder_.violation("body is not a sequence of JSON objects");
      return stopped(std::move(taken), coded(400, 6, "Invalid data format", static_cast<int>(stacked.values.size())));
    }
    return success(call, indexer, std::move(taken));
  }

  // Every line is an event; what it goes to stands in the query.
  Answer index_lines(const Call& call, SplunkIndexer& indexer) {
    if (call.bad_encoding) return {415, "<html><body>Unsupported Media Type</body></html>", "text/html", {}};
    const auto parameter = [&](const std::string& name) {
      const auto at = call.query.find(name);
      return at == call.query.end() ? std::string() : at->second;
    };
    for (const auto& [name, value] : call.query)
      if (name != "index" && name != "source" && name != "sourcetype" && name != "host" && name != "channel")
        recorder_.violation("unknown parameter " + name);
    const std::string index = parameter("index");
    if (!allowed(index)) return coded(400, 7, "Incorrect index");
    std::vector<SplunkIndexer::Event> taken;
    for (std::string_view rest = call.body; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line.empty()) continue;
      std::string id = event_id_of(line);
      json::object body{{"raw", line}};
      for (const char* name : {"index", "source", "sourcetype", "host"})
        if (const auto value = parameter(name); !value.empty()) body[name] = value;
      taken.push_back({id.empty() ? std::string(line.substr(0, 80)) : std::move(id), index, json::serialize(body)});
    }
    if (taken.empty()) {
      recorder_.violation("empty body");
      return coded(400, 5, "No data");
    }
    return success(call, indexer, std::move(taken));
  }

  Answer success(const Call& call, SplunkIndexer& indexer, std::vector<SplunkIndexer::Event> taken) {
    if (!options_.ack) {
      for (const auto& event : taken) recorder_.event(event.id, event.index, event.body, false);
      return coded(200, 0, "Success");
    }
    // What may be lost in a restart is there only when it is acknowledged.
    if (options_.restart_at.empty()) {
      for (const auto& event : taken) recorder_.event(event.id, event.index, event.body, false);
      taken.clear();
    }
    const auto id = indexer.take(channel_of(call), std::move(taken));
    return {
        200, json::serialize(json::object{{"text", "Success"}, {"code", 0}, {"ackId", id}}), "application/json", {}};
  }

  // What stands before the bad event is indexed, and gets no acknowledgement.
  Answer stopped(std::vector<SplunkIndexer::Event> taken, Answer refusal) {
    for (const auto& event : taken) recorder_.event(event.id, event.index, event.body, false);
    return refusal;
  }

  bool allowed(const std::string& index) const {
    return index.empty() || options_.indexes.empty() ||
           std::find(options_.indexes.begin(), options_.indexes.end(), index) != options_.indexes.end();
  }

  bool has_unknown_key(const json::value& value) {
    const auto* envelope = value.if_object();
    if (envelope == nullptr) return false;
    for (const auto& member : *envelope)
      if (std::find(std::begin(kEnvelopeKeys), std::end(kEnvelopeKeys),
                    std::string_view(member.key().data(), member.key().size())) == std::end(kEnvelopeKeys)) {
        recorder_.violation("unknown envelope key " + std::string(member.key()));
        return true;
      }
    return false;
  }

  // Fields without an event: taken without a word, and not indexed.
  bool is_skipped(const json::value& value) {
    const auto* envelope = value.if_object();
    if (envelope == nullptr || envelope->contains("event") || !envelope->contains("fields")) return false;
    recorder_.violation("an envelope has fields and no event");
    return true;
  }

  // The answer that ends the request at this envelope, or nothing when it is good.
  std::optional<Answer> check(const json::value& value, int number) {
    const auto* envelope = value.if_object();
    if (envelope == nullptr) {
      recorder_.violation("an envelope is not an object");
      return coded(400, 6, "Invalid data format", number);
    }
    const auto* event = envelope->if_contains("event");
    if (event == nullptr || event->is_null()) {
      recorder_.violation("an envelope has no event");
      return coded(400, 12, "Event field is required", number);
    }
    if (event->is_string() && event->get_string().empty()) {
      recorder_.violation("an event is blank");
      return coded(400, 13, "Event field cannot be blank", number);
    }
    if (const auto* fields = envelope->if_contains("fields")) {
      if (!fields->is_object()) {
        recorder_.violation("fields is not an object");
        return coded(400, 6, "Invalid data format", number);
      }
      for (const auto& field : fields->get_object())
        if (!flat(field.value())) {
          recorder_.violation("field " + std::string(field.key()) + " is not flat");
          return coded(400, 15, "Error in handling indexed fields", number);
        }
    }
    check_time(*envelope);
    const std::string index = text_at(value, "index");
    if (!allowed(index)) return coded(400, 7, "Incorrect index", number + 1);
    return std::nullopt;
  }

  // `time` is seconds; a value in milliseconds or without a fraction is a sender's mistake that the server swallows.
  void check_time(const json::object& envelope) {
    const auto* time = envelope.if_contains("time");
    if (time == nullptr) return;
    if (!time->is_number()) {
      if (!time->is_string()) recorder_.violation("time is not a number");
      return;
    }
    const double seconds = time->to_number<double>();
    if (seconds < 0 || seconds > 1e11) recorder_.violation("time is not in seconds");
  }

  static std::string id_of(const json::value& envelope, std::string_view text) {
    if (auto id = text_at(envelope, "event.event_id"); !id.empty()) return id;
    if (auto id = text_at(envelope, "event.event.id"); !id.empty()) return id;
    if (auto id = text_at(envelope, "fields.event_id"); !id.empty()) return id;
    return std::string(text.substr(0, 80));
  }

  static SplunkIndexer::Event accepted(const json::object& envelope) {
    const json::value whole(envelope);
    std::string text = json::serialize(envelope);
    return {id_of(whole, text), text_at(whole, "index"), std::move(text)};
  }

  PlatformOptions options_;
  Recorder& recorder_;
  FaultPlan& faults_;
  std::vector<SplunkIndexer> indexers_;
  uint64_t turn_ = 0, indexed_ = 0;
};

}  // namespace

std::unique_ptr<Platform> make_splunk(PlatformOptions options, Recorder& recorder, FaultPlan& faults) {
  return std::make_unique<Splunk>(std::move(options), recorder, faults);
}

}  // namespace csiem::doubles
