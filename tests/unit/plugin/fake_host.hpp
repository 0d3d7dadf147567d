// An exporter host that writes down what it is asked for, and the small things that every test of this room needs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "plugin/registry.hpp"

namespace csiem::plugin::test {

class FakeHost final : public ExporterHost {
 public:
  struct Completion {
    uint64_t token;
    int32_t outcome;
    uint32_t except_count, except_stride;
    const csiem_event_result* except;
    std::string code, message;
  };
  struct Sent {
    std::string method, url, body;
    std::vector<std::pair<std::string, std::string>> headers;  // value followed by "{secret}"
    uint32_t flags;
    csiem_http_done done;
    void* user;
  };

  csiem_status http_send(const csiem_http_request& r, csiem_http_done done, void* user, uint64_t* id,
                         csiem_error* err) override {
    if (send_status != CSIEM_OK) {
      err->len = static_cast<uint32_t>(std::snprintf(err->text, sizeof err->text, "refused by the test"));
      return send_status;
    }
    Sent sent{text(r.method), text(r.url), {}, {}, r.flags, done, user};
    for (uint32_t i = 0; i < r.part_count; ++i) sent.body += text(r.parts[i]);
    for (uint32_t i = 0; i < r.header_count; ++i) {
      const csiem_header& h = r.headers[i];
      std::string value = text(h.value);
      if (h.secret.ptr != nullptr) value += "{" + text(h.secret) + "}";
      sent.headers.emplace_back(text(h.name), std::move(value));
    }
    requests.push_back(std::move(sent));
    *id = requests.size();
    return CSIEM_OK;
  }
  void http_cancel(uint64_t id) override { cancelled.push_back(id); }
  csiem_status let_go(uint64_t) override { return CSIEM_OK; }
  csiem_status complete(uint64_t token, const csiem_batch_result& r) override {
    const std::lock_guard lock(mutex);
    completions.push_back({token, r.outcome, r.except_count, r.except_stride, r.except, text(r.code), text(r.message)});
    for (uint32_t i = 0; r.except != nullptr && r.except_stride == sizeof *r.except && i < r.except_count; ++i)
      excepts.emplace_back(r.except[i].index, r.except[i].outcome);
    return CSIEM_OK;
  }
  csiem_status post(csiem_task task, void* user) override {
    const std::lock_guard lock(mutex);
    tasks.emplace_back(task, user);
    return CSIEM_OK;
  }
  csiem_status timer(uint32_t, csiem_task task, void* user, uint64_t*) override { return post(task, user); }
  void timer_cancel(uint64_t) override {}
  csiem_status borrow_secret(std::string_view handle, csiem_secret_use use, void* user) override {
    if (handle != "token") return CSIEM_E_DENIED;
    use(user, {"hunter22", 8});
    return CSIEM_OK;
  }
  bool log_enabled(int32_t level) override { return level >= CSIEM_LOG_INFO; }
  void log(int32_t level, std::string_view line, const csiem_kv* fields, uint32_t count) override {
    const std::lock_guard lock(mutex);
    std::string out(line);
    for (uint32_t i = 0; i < count; ++i) out += " " + text(fields[i].key) + "=" + text(fields[i].value);
    lines.emplace_back(level, std::move(out));
  }
  void count(std::string_view name, uint64_t) override {
    const std::lock_guard lock(mutex);
    metrics.emplace_back(name);
  }
  void observe(std::string_view name, double) override { count(name, 1); }
  void strike(const Strike& s) override {
    const std::lock_guard lock(mutex);
    strikes.push_back(s.what);
  }
  // Runs what was posted, as the lane would.
  void run_tasks(ExporterInstance& instance) {
    for (auto work = std::exchange(tasks, {}); const auto& [task, user] : work) instance.task(task, user);
  }
  static std::string text(csiem_str s) { return s.ptr == nullptr ? std::string() : std::string(s.ptr, s.len); }

  std::mutex mutex;
  csiem_status send_status = CSIEM_OK;
  std::vector<Sent> requests;
  std::vector<uint64_t> cancelled;
  std::vector<Completion> completions;
  std::vector<std::pair<uint32_t, int32_t>> excepts;
  std::vector<std::pair<csiem_task, void*>> tasks;
  std::vector<std::pair<int32_t, std::string>> lines;
  std::vector<std::string> metrics, strikes;
};

// A directory of the test's own, writable by nobody else, gone at the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "csiem-plugin-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string text() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline std::string hostile_file(const std::string& sin) { return HOSTILE_DIR "/hostile_" + sin + ".so"; }

inline std::string read_bytes(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}
inline void write_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  std::filesystem::permissions(path, std::filesystem::perms(0644));
}

// "build": a developer's umask may leave the group its write permission.
inline SearchPath only(const std::string& directory, std::string origin = "build") {
  SearchPath path;
  path.directories.push_back({directory, std::move(origin)});
  return path;
}

// A batch of `n` empty events.
class Batch {
 public:
  explicit Batch(uint32_t n) : events_(n), pointers_(n), bodies_(n) {
    for (uint32_t i = 0; i < n; ++i) {
      events_[i].struct_size = sizeof(csiem_event);
      pointers_[i] = &events_[i];
      texts_.push_back("{\"n\":" + std::to_string(i) + "}");
    }
    for (uint32_t i = 0; i < n; ++i) bodies_[i] = {texts_[i].data(), texts_[i].size()};
    batch_.struct_size = sizeof batch_;
    batch_.count = n;
    batch_.events = pointers_.data();
    batch_.bodies = bodies_.data();
    batch_.idempotency_key = {"key", 3};
  }
  const csiem_batch& operator*() const { return batch_; }

 private:
  std::vector<csiem_event> events_;
  std::vector<const csiem_event*> pointers_;
  std::vector<std::string> texts_;
  std::vector<csiem_str> bodies_;
  csiem_batch batch_{};
};

}  // namespace csiem::plugin::test
