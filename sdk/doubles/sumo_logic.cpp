// A Sumo Logic HTTP source: the URL's code, metadata headers, framing, and what is dropped or misread without a word.
//
// Rules: Sumo Logic's documentation of HTTP sources and of timestamps.
#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <utility>
#include <vector>

#include "json_read.hpp"
#include "platform.hpp"

namespace csiem::doubles {
namespace {

namespace json = boost::json;

constexpr std::string_view kPath = "/receiver/v1/http/";
constexpr std::size_t kMaxBody = 1'000'000, kMaxMessage = 65'536, kMaxFields = 30;

bool digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The leftmost thing in a message that is taken for its time.
bool begins_with_time(std::string_view line) {
  constexpr std::string_view kMember = "{\"timestamp\":";
  if (line.substr(0, kMember.size()) == kMember) {
    const auto number = line.substr(kMember.size(), 13);
    const auto next = line.substr(std::min(line.size(), kMember.size() + 13), 1);
    return number.size() == 13 && digits(number) && !digits(next);
  }
  // 2026-01-01T00:00:00.123Z
  return line.size() > 24 && line[4] == '-' && line[10] == 'T' && line[19] == '.' && digits(line.substr(20, 3)) &&
         line[23] == 'Z';
}

// The id in a line that is no JSON: event_id=…, event_id="…", externalId=…
std::string id_in(std::string_view line) {
  for (const std::string_view key : {" event_id=", "externalId="}) {
    const auto at = line.find(key);
    if (at == std::string_view::npos) continue;
    auto rest = line.substr(at + key.size());
    if (!rest.empty() && rest.front() == '"') rest.remove_prefix(1);
    return std::string(rest.substr(0, rest.find_first_of("\" ")));
  }
  return {};
}

class SumoLogic final : public Platform {
 public:
  SumoLogic(PlatformOptions options, Recorder& recorder, FaultPlan& faults)
      : options_(std::move(options)), recorder_(recorder), faults_(faults) {}

  Answer handle(const Call& call) override {
    if (call.path.rfind(kPath, 0) != 0 || call.path.size() == kPath.size()) {
      recorder_.violation("unknown path");
      return failure(404);
    }
    last_path_ = call.path;
    if (!options_.token.empty() && call.path.substr(kPath.size()) != options_.token) return failure(401);
    if (call.method != "POST") {
      recorder_.violation("method " + call.method);
      return failure(405);
    }
    if (call.bad_encoding) return failure(415);
    if (call.body.empty()) return {200, "", "text/plain", {}};
    if (!call.header("x-sumo-timestamp").empty()) recorder_.violation("X-Sumo-Timestamp does not exist");
    if (options_.require_gzip && call.header("content-encoding") != "gzip") recorder_.violation("body is not gzip");
    if (call.body.size() > kMaxBody) recorder_.violation("a body of " + std::to_string(call.body.size()) + " bytes");
    return receive(call);
  }

  // As the service's own pages do, with the URI that was asked for.
  Answer failure(int status) override {
    const std::string text = std::to_string(status);
    if (status == 429)
      return {429, "<html><body>You have temporarily exceeded your Sumo Logic quota</body></html>", "text/html", {}};
    if (status == 401 || status == 404) return {status, "HTTP ERROR " + text + " URI: " + last_path_, "text/plain", {}};
    return {status, "<html><h2>HTTP ERROR " + text + "</h2><td>" + last_path_ + "</td></html>", "text/html", {}};
  }

 private:
  Answer receive(const Call& call) {
    std::vector<std::string_view> lines;
    for (std::string_view rest = call.body; !rest.empty();) {
      lines.push_back(rest.substr(0, rest.find('\n')));
      rest.remove_prefix(std::min(rest.size(), lines.back().size() + 1));
    }
    // A source takes a request or it does not.
    for (const auto line : lines) {
      const bool poison = !options_.poison.empty() && line.find(options_.poison) != std::string_view::npos;
      const int status = poison ? 400 : faults_.strike_item(call.number);
      if (status == 0) continue;
      if (lines.size() == 1) recorder_.refused(id_of(line), status);
      return failure(status);
    }
    for (const auto line : lines) {
      if (line.size() > kMaxMessage)
        recorder_.violation("a message of " + std::to_string(line.size()) + " bytes is cut");
      if (!begins_with_time(line)) recorder_.violation("a message does not begin with a time that is recognised");
      if (line.front() == '{' && !parse_one(line)) recorder_.violation("a line is not JSON");
      const std::string body =
          line.front() == '{' ? std::string(line) : json::serialize(json::string(line.data(), line.size()));
      recorder_.event(id_of(line), call.header("x-sumo-category"), body, false);
    }
    return check_headers(call);
  }

  static std::string id_of(std::string_view line) {
    std::string id = event_id_of(line);
    return id.empty() ? id_in(line) : id;
  }

  Answer check_headers(const Call& call) {
    for (const char* name : {"x-sumo-category", "x-sumo-name", "x-sumo-host", "x-sumo-fields"}) {
      const auto value = call.header(name);
      const bool plain = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
      if (!plain) recorder_.violation(std::string(name) + " is not printable ASCII");
    }
    std::size_t fields = 0;
    for (auto rest = call.header("x-sumo-fields"); !rest.empty();) {
      const auto pair = rest.substr(0, rest.find(','));
      if (std::count(pair.begin(), pair.end(), '=') != 1 || pair.front() == '=' || pair.back() == '=')
        recorder_.violation("X-Sumo-Fields: " + std::string(pair));
      ++fields;
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    }
    if (fields <= kMaxFields) return {200, "", "text/plain", {}};
    const std::string surplus = std::to_string(fields - kMaxFields);
    recorder_.violation("X-Sumo-Fields: " + surplus + " fields too many");
    return {200,
            json::serialize(
                json::object{{"status", 200},
                             {"code", "bad.http.header.fields"},
                             {"message", "X-Sumo-Fields Warning: " + surplus + " key-value pairs are dropped"}}),
            "application/json",
            {}};
  }

  PlatformOptions options_;
  Recorder& recorder_;
  FaultPlan& faults_;
  std::string last_path_ = std::string(kPath) + "code";
};

}  // namespace

std::unique_ptr<Platform> make_sumo_logic(PlatformOptions options, Recorder& recorder, FaultPlan& faults) {
  return std::make_unique<SumoLogic>(std::move(options), recorder, faults);
}

}  // namespace csiem::doubles
