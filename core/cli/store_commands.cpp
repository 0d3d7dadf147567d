// clawdstrike-siem dlq and queue: what lies in the store.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/rfc3339.hpp"
#include "cli/arguments.hpp"
#include "cli/pretty.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "store/inspect.hpp"

namespace csiem::cli {
namespace {

using store::Inspector;

constexpr int64_t kNsPerMs = 1'000'000;

int status_of(const Error& error) {
  if (error.code() == Code::denied && error.message_code() != 5003) return kNotPermitted;
  return error.message_code() != 0 ? kIo : kNo;
}

int fail(const Error& error) {
  print_error(error);
  return status_of(error);
}

// The configuration and the store of its data directory.
struct Opened {
  config::Configuration configuration;
  Inspector inspector;
};

// Nothing when it could not be opened: then `status` is the exit status. A store that does not exist yet is kNo with a
// note, because everything that can be asked about it has the answer "nothing".
std::optional<Opened> open_store(const Arguments& arguments, Inspector::Access access, int& status) {
  Setup setup = load_setup(arguments.global, {.check_plugins = false});
  if (!setup.loaded.ok()) {
    print_diagnostics(setup.loaded, arguments.global);
    status = kConfig;
    return std::nullopt;
  }
  auto inspector = Inspector::open(setup.loaded.configuration.global.data_dir, access);
  if (!inspector) {
    if (inspector.error().code() == Code::not_found) {
      if (!arguments.global.quiet) std::fprintf(stderr, "%s\n", inspector.error().what().c_str());
      status = kOk;
    } else {
      status = fail(inspector.error());
    }
    return std::nullopt;
  }
  return Opened{std::move(setup.loaded.configuration), *std::move(inspector)};
}

std::string ago(int64_t unix_ns, const GlobalArguments& global) {
  if (unix_ns == 0) return "-";
  if (global.plain || !is_terminal(1)) return format_rfc3339(unix_ns);
  return duration_text((system_clock().unix_ns() - unix_ns) / kNsPerMs) + " ago";
}

std::optional<store::LetterFilter> letter_filter(const DlqArguments& dlq) {
  store::LetterFilter filter;
  filter.exporter = dlq.exporter;
  filter.error_class = dlq.error_class;
  if (dlq.since.empty()) return filter;
  if (const auto time = parse_rfc3339(dlq.since)) {
    filter.since_unix_ns = time->unix_ns;
  } else if (const auto ms = config::parse_duration_ms(dlq.since)) {
    filter.since_unix_ns = system_clock().unix_ns() - *ms * kNsPerMs;
  } else {
    std::fprintf(stderr, "clawdstrike-siem: --since takes a time or a duration such as 2h, not '%s'\n",
                 dlq.since.c_str());
    return std::nullopt;
  }
  return filter;
}

bool print_line(std::string_view line) {
  const bool ended = line.ends_with('\n');
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && (ended || std::fputc('\n', stdout) != EOF);
}

}  // namespace

int dlq_list(const Arguments& arguments) {
  const auto filter = letter_filter(arguments.dlq);
  if (!filter) return kUsage;
  struct Kind {
    uint64_t count = 0;
    int64_t oldest = 0, newest = 0;
    std::string reason;
  };
  std::map<std::pair<std::string, std::string>, Kind> kinds;
  int status = kOk;
  if (const auto opened = open_store(arguments, Inspector::Access::read, status)) {
    const auto walked = opened->inspector.walk_letters(*filter, [&](const store::StoredLetter& letter) {
      Kind& kind = kinds[{std::string(letter.exporter), std::string(letter.error_class)}];
      if (kind.count++ == 0 || letter.last_attempt_unix_ns < kind.oldest) kind.oldest = letter.last_attempt_unix_ns;
      if (letter.last_attempt_unix_ns >= kind.newest) {
        kind.newest = letter.last_attempt_unix_ns;
        kind.reason = letter.reason;
      }
      return true;
    });
    if (!walked) return fail(walked.error());
  } else if (status != kOk) {
    return status;
  }
  if (arguments.global.json) {
    std::string json = "{\"schema\":\"clawdstrike-siem/dlq-list/v1\",\"letters\":[";
    for (const auto& [key, kind] : kinds)
      json += std::string(json.ends_with('[') ? "" : ",") + "{\"exporter\":" + json_text(key.first) +
              ",\"class\":" + json_text(key.second) + ",\"count\":" + std::to_string(kind.count) +
              ",\"oldest\":" + json_text(format_rfc3339(kind.oldest)) + ",\"last_reason\":" + json_text(kind.reason) +
              "}";
    std::printf("%s]}\n", json.c_str());
    return kinds.empty() ? kOk : kNo;
  }
  std::vector<std::vector<std::string>> rows{{"EXPORTER", "CLASS", "COUNT", "OLDEST", "LAST REASON"}};
  for (const auto& [key, kind] : kinds)
    rows.push_back(
        {key.first, key.second, std::to_string(kind.count), ago(kind.oldest, arguments.global), kind.reason});
  if (!kinds.empty()) std::fputs(table(rows, arguments.global.plain).c_str(), stdout);
  return kinds.empty() ? kOk : kNo;
}

int dlq_show(const Arguments& arguments) {
  int status = kNo;
  const auto opened = open_store(arguments, Inspector::Access::read, status);
  if (!opened) return status == kOk ? kNo : status;
  const auto letter = opened->inspector.letter(arguments.dlq.id);
  if (!letter) return fail(letter.error());
  std::printf("%s\n", (arguments.global.json ? *letter : pretty_json(*letter)).c_str());
  return kOk;
}

int dlq_export(const Arguments& arguments) {
  const auto filter = letter_filter(arguments.dlq);
  if (!filter) return kUsage;
  int status = kOk;
  const auto opened = open_store(arguments, Inspector::Access::read, status);
  if (!opened && status != kOk) return status;
  const bool to_stdout = arguments.dlq.file == "-";
  const Fd file(to_stdout ? ::dup(1)
                          : ::open(arguments.dlq.file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) {
    std::fprintf(stderr, "clawdstrike-siem: cannot create %s: %s\n", arguments.dlq.file.c_str(),
                 errno_text(errno).c_str());
    return kCannotCreate;
  }
  if (!opened) return kOk;
  uint64_t count = 0;
  Result<void> written;
  const auto walked = opened->inspector.walk_letters(*filter, [&](const store::StoredLetter& letter) {
    written = write_all(file.get(), std::string(letter.json) + "\n", arguments.dlq.file);
    ++count;
    return static_cast<bool>(written);
  });
  if (!walked) return fail(walked.error());
  if (!written) {
    print_error(written.error());
    return kIo;
  }
  if (!to_stdout && !arguments.global.quiet)
    std::fprintf(stderr, "%s dead letters written\n", grouped(count, is_terminal(2)).c_str());
  return kOk;
}

int dlq_purge(const Arguments& arguments) {
  const auto filter = letter_filter(arguments.dlq);
  if (!filter) return kUsage;
  if (!arguments.dlq.yes) {
    std::fprintf(stderr, "clawdstrike-siem: purged dead letters are gone for good; add --yes\n");
    return kUsage;
  }
  int status = kOk;
  auto opened = open_store(arguments, Inspector::Access::change, status);
  if (!opened) return status;
  const auto gone = opened->inspector.purge_letters(*filter);
  if (!gone) return fail(gone.error());
  if (!arguments.global.quiet) std::fprintf(stderr, "%s dead letters purged\n", grouped(*gone, is_terminal(2)).c_str());
  return kOk;
}

int queue_list(const Arguments& arguments) {
  int status = kOk;
  const auto opened = open_store(arguments, Inspector::Access::read, status);
  if (!opened && status != kOk) return status;
  std::vector<store::CursorView> cursors;
  std::set<std::string> configured;
  if (opened) {
    for (const auto& exporter : opened->configuration.exporters)
      if (exporter.enabled) configured.insert(exporter.id);
    auto found = opened->inspector.cursors();
    if (!found) return fail(found.error());
    cursors = *std::move(found);
  }
  if (arguments.global.json) {
    std::string json = "{\"schema\":\"clawdstrike-siem/queue-list/v1\",\"exporters\":[";
    for (const auto& cursor : cursors) {
      const auto& ledger = cursor.ledger;
      json +=
          std::string(json.ends_with('[') ? "" : ",") + "{\"id\":" + json_text(cursor.exporter) +
          ",\"orphan\":" + (configured.contains(cursor.exporter) ? "false" : "true") +
          ",\"queued\":" + std::to_string(ledger.queued()) + ",\"bytes\":" + std::to_string(cursor.lag_bytes) +
          ",\"limit_bytes\":" + std::to_string(cursor.limits.max_bytes) +
          ",\"accepted\":" + std::to_string(ledger.accepted) + ",\"delivered\":" + std::to_string(ledger.delivered) +
          ",\"filtered\":" + std::to_string(ledger.filtered) +
          ",\"dead_lettered\":" + std::to_string(ledger.dead_lettered) +
          ",\"dropped\":" + std::to_string(ledger.dropped()) + ",\"lost\":" + std::to_string(ledger.lost) +
          ",\"dead_letters\":" + std::to_string(cursor.letters.count) +
          ",\"dead_letter_bytes\":" + std::to_string(cursor.letters.bytes) +
          (cursor.oldest_unix_ns == 0 ? "" : ",\"oldest\":" + json_text(format_rfc3339(cursor.oldest_unix_ns))) + "}";
    }
    std::printf("%s]}\n", json.c_str());
    return kOk;
  }
  std::vector<std::vector<std::string>> rows{
      {"EXPORTER", "QUEUED", "BYTES", "OLDEST", "DELIVERED", "FILTERED", "DEAD", "DROPPED", "LOST", "NOTE"}};
  for (const auto& cursor : cursors)
    rows.push_back({cursor.exporter, std::to_string(cursor.ledger.queued()), byte_text(cursor.lag_bytes),
                    ago(cursor.oldest_unix_ns, arguments.global), std::to_string(cursor.ledger.delivered),
                    std::to_string(cursor.ledger.filtered), std::to_string(cursor.ledger.dead_lettered),
                    std::to_string(cursor.ledger.dropped()), std::to_string(cursor.ledger.lost),
                    configured.contains(cursor.exporter) ? "" : "orphan"});
  if (!cursors.empty()) std::fputs(table(rows, arguments.global.plain).c_str(), stdout);
  return kOk;
}

int queue_check(const Arguments& arguments) {
  int status = kOk;
  const auto opened = open_store(arguments, Inspector::Access::read, status);
  if (!opened) return status;
  Progress progress(arguments.global);
  const int64_t started = system_clock().mono_ns();
  int64_t shown = 0;
  const auto report = opened->inspector.check([&](uint64_t done, uint64_t all) {
    const int64_t now = (system_clock().mono_ns() - started) / kNsPerMs;
    if (now - shown < 100) return;
    shown = now;
    progress.show(done, all, now, "");
  });
  progress.finish();
  if (!report) return fail(report.error());
  if (arguments.global.json) {
    std::string json = "{\"schema\":\"clawdstrike-siem/queue-check/v1\",\"blocks\":" + std::to_string(report->blocks) +
                       ",\"events\":" + std::to_string(report->events) + ",\"bytes\":" + std::to_string(report->bytes) +
                       ",\"damaged\":[";
    for (const auto& range : report->damaged)
      json += std::string(json.ends_with('[') ? "" : ",") + "{\"first\":" + std::to_string(range.first) +
              ",\"last\":" + std::to_string(range.last) + "}";
    json += "],\"notes\":[";
    for (const auto& note : report->notes) json += std::string(json.ends_with('[') ? "" : ",") + json_text(note);
    std::printf("%s]}\n", json.c_str());
  } else {
    std::printf("%s blocks, %s events, %s\n", grouped(report->blocks, is_terminal(1)).c_str(),
                grouped(report->events, is_terminal(1)).c_str(), byte_text(report->bytes).c_str());
    for (const auto& range : report->damaged)
      std::printf("damaged: events %llu to %llu\n", static_cast<unsigned long long>(range.first),
                  static_cast<unsigned long long>(range.last));
    for (const auto& note : report->notes) std::printf("%s\n", note.c_str());
  }
  return report->clean() ? kOk : kNo;
}

int queue_repair(const Arguments& arguments) {
  int status = kOk;
  auto opened = open_store(arguments, Inspector::Access::change, status);
  if (!opened) return status;
  const auto moved = opened->inspector.repair();
  if (!moved) return fail(moved.error());
  uint64_t events = 0;
  for (const auto& range : *moved) events += range.size();
  std::printf("%zu damaged blocks with %llu events moved to the quarantine\n", moved->size(),
              static_cast<unsigned long long>(events));
  return kOk;
}

int queue_cat(const Arguments& arguments) {
  int status = kOk;
  const auto opened = open_store(arguments, Inspector::Access::read, status);
  if (!opened) return status;
  uint64_t left = arguments.queue.limit == 0 ? ~uint64_t{0} : arguments.queue.limit;
  const auto print = [&](const Inspector::Event& event) { return print_line(event.json) && --left > 0; };
  const auto walked = arguments.queue.exporter.empty() ? opened->inspector.walk_events(1, print)
                                                       : opened->inspector.walk_queue(arguments.queue.exporter, print);
  return walked ? kOk : fail(walked.error());
}

int queue_quarantine(const Arguments& arguments) {
  int status = kOk;
  const auto opened = open_store(arguments, Inspector::Access::read, status);
  if (!opened) return status;
  const auto walked = opened->inspector.walk_quarantine(print_line);
  return walked ? kOk : fail(walked.error());
}

int queue_adopt(const Arguments& arguments) {
  int status = kOk;
  auto opened = open_store(arguments, Inspector::Access::change, status);
  if (!opened) return status == kOk ? kNo : status;
  const auto done = opened->inspector.adopt(arguments.queue.orphan, arguments.queue.to);
  return done ? kOk : fail(done.error());
}

}  // namespace csiem::cli
