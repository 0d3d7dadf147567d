// Exporter `file`: one formatted event per line, appended to a file or written to standard output.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>

#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "file/file_set.hpp"
#include "file/path_template.hpp"
#include "file/rotation.hpp"
#include "file/standard_output.hpp"

namespace {

using csiem::Config;
using csiem::Verdict;
using csiem::file::Failure;
using csiem::file::LogFile;
using csiem::file::Notes;

constexpr int64_t kSyncIntervalNs = 1'000'000'000;
constexpr uint32_t kIdleMs = 1000;

enum class Sync { batch, interval, none };

Sync read_sync(const Config& config, bool standard_output) {
  const std::string word = config.text("sync", standard_output ? "none" : "interval");
  if (word == "batch") return Sync::batch;
  if (word == "interval") return Sync::interval;
  if (word == "none") return Sync::none;
  config.refuse("sync", "must be batch, interval or none");
  return Sync::interval;
}

csiem::file::FileSettings read_file_settings(const Config& config, Sync sync) {
  csiem::file::FileSettings out;
  const std::string mode = config.text("mode", "0640");
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(mode.data(), mode.data() + mode.size(), bits, 8);
  if (error != std::errc{} || end != mode.data() + mode.size() || bits > 0777)
    config.refuse("mode", "must be octal, like \"0640\"");
  out.mode = static_cast<mode_t>(bits);
  out.max_bytes = static_cast<uint64_t>(std::max<int64_t>(0, config.integer("rotate.max_bytes", 0)));
  out.max_age_ns = std::max<int64_t>(0, config.integer("rotate.max_age", 0)) * 1'000'000;
  out.sync_on_rotate = sync != Sync::none;
  return out;
}

// The lines of one batch that go to one place.
struct Lines {
  std::vector<iovec> parts;  // body, line feed, body, line feed ...
  std::vector<uint32_t> events;
  uint64_t bytes = 0;

  void clear() {
    parts.clear();
    events.clear();
    bytes = 0;
  }
  void add(uint32_t index, csiem_str body) {
    static constexpr char kLineFeed = '\n';
    parts.push_back({const_cast<char*>(body.ptr), body.len});  // writev() reads only
    parts.push_back({const_cast<char*>(&kLineFeed), 1});
    events.push_back(index);
    bytes += body.len + 1;
  }
};

void fail(Verdict& verdict, const Lines& lines, const Failure& failure, std::size_t first = 0) {
  for (std::size_t i = first; i < lines.events.size(); ++i)
    verdict.event(lines.events[i], failure.outcome, 0, failure.code, failure.message);
}

// One verdict for the whole batch when every event has the same.
void fold(Verdict& verdict, uint32_t count) {
  if (verdict.except.empty() || verdict.except.size() != count) return;
  const csiem::EventVerdict first = verdict.except.front();
  for (const csiem::EventVerdict& one : verdict.except)
    if (one.outcome != first.outcome || one.message != first.message) return;
  verdict = Verdict::of(first.outcome, first.code, first.message);
}

class FileExporter final : public csiem::WorkerExporter {
 public:
  explicit FileExporter(const Config& config)
      : standard_output_(config.text("path") == "-"), sync_(read_sync(config, standard_output_)) {
    if (standard_output_) return;
    path_ = config.attempt([&] { return csiem::file::PathTemplate::compile(config.text("path")); });
    const csiem::file::Housekeeper::Settings keeping{config.boolean("rotate.gzip", false),
                                                     static_cast<std::size_t>(config.integer("rotate.keep", 0))};
    housekeeper_ = std::make_unique<csiem::file::Housekeeper>(
        keeping, [this](std::string_view what) { host().log(CSIEM_LOG_WARN, what); });
    files_ = std::make_unique<csiem::file::FileSet>(
        path_.root(), read_file_settings(config, sync_), static_cast<std::size_t>(config.integer("max_open", 64)),
        [this](const LogFile& file) { housekeeper_->tidy(file.directory(), file.name()); },
        [this](LogFile& file) { sync_late(file); });
  }

  void stop() override {
    WorkerExporter::stop();
    if (files_)
      for (LogFile& file : files_->all()) sync_late(file);
    if (housekeeper_) housekeeper_->stop();
  }
  ~FileExporter() override { FileExporter::stop(); }

  Verdict deliver(const csiem_batch& batch) override {
    if (batch.bodies == nullptr) return Verdict::of(CSIEM_CONFIG, "no_format", "the file exporter needs a format");
    Verdict verdict;
    sort(batch, verdict);
    for (auto& [path, lines] : lines_) {
      if (lines.events.empty()) continue;
      if (standard_output_) {
        print(lines, verdict);
      } else if (const auto failure = append(files_->get(path), lines)) {
        fail(verdict, lines, *failure);
      }
    }
    maintain();
    fold(verdict, batch.count);
    return verdict;
  }
  void idle() override { maintain(); }
  uint32_t idle_ms() const override { return standard_output_ ? 0 : kIdleMs; }

 private:
  // Fills lines_ by path; events that cannot be a line get their verdict here.
  void sort(const csiem_batch& batch, Verdict& verdict) {
    if (lines_.size() > 1024) lines_.clear();
    for (auto& [path, lines] : lines_) lines.clear();
    const bool varies = !standard_output_ && path_.varies();
    if (!varies && !standard_output_ && lines_.empty()) path_.render(csiem_event{}, scratch_);
    Lines* target = varies ? nullptr : &lines_[scratch_];
    for (uint32_t i = 0; i < batch.count; ++i) {
      const csiem_str body = batch.bodies[i];
      if (csiem::view(body).find('\n') != std::string_view::npos) {
        verdict.event(i, CSIEM_REJECT, 0, "line_feed", "the formatted event holds a line feed and cannot be one line");
        continue;
      }
      if (varies) {
        if (const char* problem = path_.render(*batch.events[i], scratch_)) {
          verdict.event(i, CSIEM_REJECT, 0, "confinement", std::string("path: the event gives ") + problem);
          continue;
        }
        const auto found = lines_.find(scratch_);
        target = found != lines_.end() ? &found->second : &lines_[scratch_];
      }
      target->add(i, body);
    }
  }

  std::optional<Failure> append(LogFile& file, Lines& lines) {
    Notes notes;
    auto failure = file.append(lines.parts, lines.bytes, host().unix_ns(), notes);
    if (!failure && sync_ == Sync::batch) {
      failure = file.sync();
      if (failure) file.take_back();
    }
    report(file, notes);
    return failure;
  }

  // What standard output took cannot be taken back: those events are delivered.
  void print(Lines& lines, Verdict& verdict) {
    std::vector<uint64_t>& ends = line_ends_;
    ends.clear();
    uint64_t end = 0;
    for (std::size_t i = 0; i < lines.parts.size(); i += 2) ends.push_back(end += lines.parts[i].iov_len + 1);
    uint64_t written = 0;
    const auto failure = output_.write(lines.parts, written);
    if (!failure) return;
    std::size_t done = 0;
    while (done < ends.size() && ends[done] <= written) ++done;
    fail(verdict, lines, *failure, done);
  }

  // Once a second: what interval promises, and rotation by age where nothing is written any more.
  void maintain() {
    const int64_t now_mono = host().mono_ns();
    if (!files_ || now_mono - last_maintained_mono_ns_ < kSyncIntervalNs) return;
    last_maintained_mono_ns_ = now_mono;
    for (LogFile& file : files_->all()) {
      sync_late(file);
      Notes notes;
      if (const auto failure = file.rotate_if_old(host().unix_ns(), notes))
        host().log(CSIEM_LOG_WARN, failure->message);
      report(file, notes);
    }
  }

  // For data whose batches are delivered already.
  void sync_late(LogFile& file) {
    if (sync_ == Sync::none || !file.dirty()) return;
    const auto failure = file.sync();
    if (!failure) return;
    host().count("sync_failed");
    host().log(CSIEM_LOG_ERROR, failure->message, {{"code", failure->code}});
  }

  void report(const LogFile& file, const Notes& notes) {
    if (notes.partial) {
      host().count("partial_lines");
      host().log(CSIEM_LOG_WARN, "cut an unfinished last line",
                 {{"path", file.path()}, {"bytes", std::to_string(notes.partial_bytes)}});
    }
    if (notes.reopened) {
      host().count("reopened");
      host().log(CSIEM_LOG_INFO, "the file was renamed or removed by others and is begun anew",
                 {{"path", file.path()}});
    }
    if (!notes.rotated) return;
    host().count("rotated");
    host().log(CSIEM_LOG_INFO, "rotated", {{"path", file.path()}, {"to", notes.rotated_name}});
    housekeeper_->tidy(file.directory(), file.name());
  }

  bool standard_output_;
  Sync sync_;
  csiem::file::PathTemplate path_;
  csiem::file::StandardOutput output_;
  std::unique_ptr<csiem::file::Housekeeper> housekeeper_;
  std::unique_ptr<csiem::file::FileSet> files_;
  std::map<std::string, Lines> lines_;  // by path below the root; kept between batches for its memory
  std::string scratch_;
  std::vector<uint64_t> line_ends_;
  int64_t last_maintained_mono_ns_ = 0;
};

constexpr char kSettings[] =
#include "settings.inc"
    ;

}  // namespace

CSIEM_EXPORTER(FileExporter, "io.clawdstrike.siem.file", "file", CSIEM_PLUGIN_VERSION,
               csiem::About()
                   .vendor("Clawdstrike")
                   .license("Apache-2.0")
                   .description("Lines in a file or on standard output")
                   .flags(CSIEM_EXPORTER_PARTIAL),
               kSettings);
