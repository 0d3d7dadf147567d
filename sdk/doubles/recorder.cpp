#include "recorder.hpp"

#include <time.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

namespace csiem::doubles {
namespace {

constexpr std::size_t kKeepViolations = 20;

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string(text.data(), text.size()));
}

}  // namespace

int64_t unix_ns() {
  timespec ts{};
  clock_gettime(CLOCK_REALTIME, &ts);
  return static_cast<int64_t>(ts.tv_sec) * 1'000'000'000 + static_cast<int64_t>(ts.tv_nsec);
}

bool Recorder::open(const std::string& path) {
  if (path.empty()) return true;
  file_.reset(std::fopen(path.c_str(), "we"));
  return file_ != nullptr;
}

void Recorder::line(const std::string& text) {
  if (!file_) return;
  std::fwrite(text.data(), 1, text.size(), file_.get());
  std::fflush(file_.get());
}

void Recorder::request(int status, const Served* served) {
  ++requests_;
  ++statuses_[status];
  const uint64_t brought = events_ + deduplicated_ - brought_before_;
  brought_before_ = events_ + deduplicated_;
  if (served == nullptr || !record_requests_) return;
  line("{\"request\":" + std::to_string(served->number) + ",\"path\":" + quoted(served->path) +
       ",\"came_ns\":" + std::to_string(served->came_ns) + ",\"answered_ns\":" + std::to_string(unix_ns()) +
       ",\"status\":" + std::to_string(status) + ",\"events\":" + std::to_string(brought) +
       ",\"fault\":" + quoted(served->fault) + ",\"retry_after\":" + quoted(served->retry_after) + "}\n");
}

void Recorder::event(std::string_view id, std::string_view destination, std::string_view body, bool deduplicated) {
  if (deduplicated) {
    ++deduplicated_;
    return;
  }
  ++events_;
  const auto destination_count = destinations_.find(destination);
  if (destination_count == destinations_.end()) {
    destinations_.emplace(destination, 1);
  } else {
    ++destination_count->second;
  }
  if (++arrivals_[std::string(id)] > 1) ++repeats_;
  if (file_)
    line("{\"id\":" + quoted(id) + ",\"to\":" + quoted(destination) + ",\"at_ns\":" + std::to_string(unix_ns()) +
         ",\"body\":" + (body.empty() ? std::string("null") : std::string(body)) + "}\n");
}

void Recorder::refused(std::string_view id, int status) {
  ++refused_;
  line("{\"refused\":" + quoted(id) + ",\"status\":" + std::to_string(status) + "}\n");
}

void Recorder::violation(std::string_view what) {
  ++violations_;
  if (first_violations_.size() < kKeepViolations) first_violations_.emplace_back(what);
  line("{\"violation\":" + quoted(what) + "}\n");
}

void Recorder::note(std::string_view kind, std::string_view json) {
  line("{" + quoted(kind) + ":" + std::string(json) + "}\n");
}

std::string Recorder::summary_text() const {
  std::string text = "requests " + std::to_string(requests_) + " (";
  bool first = true;
  for (const auto& [status, count] : statuses_) {
    text += (first ? "" : ", ") + (status == 0 ? std::string("no answer") : std::to_string(status)) + ": " +
            std::to_string(count);
    first = false;
  }
  text += ")\nevents   " + std::to_string(events_) + ", unique ids " + std::to_string(unique()) + ", repeats " +
          std::to_string(repeats_) + ", deduplicated " + std::to_string(deduplicated_) + ", refused " +
          std::to_string(refused_) + "\n";
  for (const auto& [destination, count] : destinations_)
    text +=
        "  to " + (destination.empty() ? std::string("(default)") : destination) + ": " + std::to_string(count) + "\n";
  text += "broken rules " + std::to_string(violations_) + "\n";
  for (const auto& violation : first_violations_) text += "  " + violation + "\n";
  return text;
}

std::string Recorder::summary_json() const {
  std::string text = "{\"schema\":\"clawdstrike-siem/mock/v1\",\"requests\":" + std::to_string(requests_) +
                     ",\"events\":" + std::to_string(events_) + ",\"unique\":" + std::to_string(unique()) +
                     ",\"repeats\":" + std::to_string(repeats_) + ",\"deduplicated\":" + std::to_string(deduplicated_) +
                     ",\"refused\":" + std::to_string(refused_) + ",\"violations\":" + std::to_string(violations_) +
                     ",\"statuses\":{";
  bool first = true;
  for (const auto& [status, count] : statuses_) {
    text += std::string(first ? "" : ",") + "\"" + std::to_string(status) + "\":" + std::to_string(count);
    first = false;
  }
  text += "},\"destinations\":{";
  first = true;
  for (const auto& [destination, count] : destinations_) {
    if (!first) text += ',';
    text += quoted(destination) + ":" + std::to_string(count);
    first = false;
  }
  text += "},\"first_violations\":[";
  for (std::size_t i = 0; i < first_violations_.size(); ++i) {
    if (i > 0) text += ',';
    text += quoted(first_violations_[i]);
  }
  return text + "]}\n";
}

}  // namespace csiem::doubles
