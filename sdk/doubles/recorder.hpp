// What arrived.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace csiem::doubles {

// One HTTP request and what became of it, but for the status of its answer.
struct Served {
  uint64_t number = 0;  // 1-based
  std::string path;
  int64_t came_ns = 0;      // when its head was there, Unix time
  std::string_view fault;   // the KIND that struck it; empty for none
  std::string retry_after;  // what the answer asked for
};

int64_t unix_ns();

// Counts requests, events, repeats and broken rules; writes one JSON line per event and per violation when asked to.
class Recorder {
 public:
  // `path` empty: nothing is written. Returns false when it cannot be created.
  bool open(const std::string& path);

  // From now on each request is written, too.
  void record_requests() noexcept { record_requests_ = true; }

  // `status` 0: no answer. What was recorded since the request before is what this one brought.
  void request(int status, const Served* served = nullptr);
  // An event that the platform now holds. `deduplicated`: it held it already and kept one copy.
  void event(std::string_view id, std::string_view destination, std::string_view body, bool deduplicated);
  // An event that was refused for good.
  void refused(std::string_view id, int status);
  // A rule of the vendor that the sender broke.
  void violation(std::string_view what);

  // Something that arrived and is no event. `json` is one value.
  void note(std::string_view kind, std::string_view json);

  uint64_t unique() const noexcept { return arrivals_.size(); }
  uint64_t events() const noexcept { return events_; }
  uint64_t violations() const noexcept { return violations_; }

  std::string summary_text() const;
  std::string summary_json() const;

 private:
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  void line(const std::string& text);

  std::unique_ptr<std::FILE, Close> file_;
  std::map<int, uint64_t> statuses_;
  std::map<std::string, uint64_t, std::less<>> destinations_;
  std::unordered_map<std::string, uint32_t> arrivals_;
  uint64_t requests_ = 0, events_ = 0, repeats_ = 0, deduplicated_ = 0, refused_ = 0, violations_ = 0;
  std::vector<std::string> first_violations_;
  uint64_t brought_before_ = 0;  // events, deduplicated ones included, when the last request had been served
  bool record_requests_ = false;
};

}  // namespace csiem::doubles
