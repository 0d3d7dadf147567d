// clawdstrike-siem dlq list, show, export and purge.
#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/rfc3339.hpp"
#include "cli/admin_client.hpp"
#include "cli/arguments.hpp"
#include "cli/exporter_rows.hpp"
#include "cli/letter_selection.hpp"
#include "cli/open_store.hpp"
#include "cli/pretty.hpp"
#include "cli/terminal.hpp"

namespace csiem::cli {

namespace json = boost::json;
using store::Inspector;

int dlq_list(const Arguments& arguments) {
  auto selection = LetterSelection::of(arguments.dlq);
  if (!selection) return usage_failure(selection.error());
  struct Kind {
    uint64_t count = 0;
    int64_t oldest = 0, newest = 0;
    std::string reason;
  };
  std::map<std::pair<std::string, std::string>, Kind> kinds;
  int status = kOk;
  if (const auto opened = open_store(arguments, Inspector::Access::read, status)) {
    const auto walked = opened->inspector.walk_letters(selection->filter(), [&](const store::StoredLetter& letter) {
      if (!selection->matches(letter)) return true;
      Kind& kind = kinds[{std::string(letter.exporter), std::string(letter.error_class)}];
      if (kind.count++ == 0 || letter.last_attempt_unix_ns < kind.oldest) kind.oldest = letter.last_attempt_unix_ns;
      if (letter.last_attempt_unix_ns >= kind.newest) {
        kind.newest = letter.last_attempt_unix_ns;
        kind.reason = letter.reason;
      }
      return true;
    });
    if (!walked) return store_failure(walked.error());
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
  if (!letter) return store_failure(letter.error());
  std::printf("%s\n", (arguments.global.json ? *letter : pretty_json(*letter)).c_str());
  return kOk;
}

int dlq_export(const Arguments& arguments) {
  auto selection = LetterSelection::of(arguments.dlq);
  if (!selection) return usage_failure(selection.error());
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
  const auto walked = opened->inspector.walk_letters(selection->filter(), [&](const store::StoredLetter& letter) {
    if (!selection->matches(letter)) return true;
    written = write_all(file.get(), std::string(letter.json) + "\n", arguments.dlq.file);
    ++count;
    return static_cast<bool>(written);
  });
  if (!walked) return store_failure(walked.error());
  if (!written) {
    print_error(written.error());
    return kIo;
  }
  if (!to_stdout && !arguments.global.quiet)
    std::fprintf(stderr, "%s dead letters written\n", grouped(count, is_terminal(2)).c_str());
  return kOk;
}

int dlq_purge(const Arguments& arguments) {
  auto selection = LetterSelection::of(arguments.dlq);
  if (!selection) return usage_failure(selection.error());
  if (!arguments.dlq.yes) {
    std::fprintf(stderr, "clawdstrike-siem: purged dead letters are gone for good; add --yes\n");
    return kUsage;
  }
  uint64_t gone = 0;
  const auto done = ask_daemon_json(arguments.global, "DELETE", "/api/v1/dlq",
                                    admin::parameters_json(selection->parameters()), std::chrono::minutes(10));
  if (done) {
    gone = number_member(done->get_object(), "purged");
  } else if (done.error().message_code() != 8004) {
    return report_admin_error(done.error());
  } else {  // no daemon: by ourselves
    int status = kOk;
    auto opened = open_store(arguments, Inspector::Access::change, status);
    if (!opened) {
      // The directory is in use, but by nobody who answers.
      if (status == kIo) std::fprintf(stderr, "%s\n", done.error().what().c_str());
      return status;
    }
    const auto purged = opened->inspector.purge_letters(
        selection->filter(), [&](const store::StoredLetter& letter) { return selection->matches(letter); });
    if (!purged) return store_failure(purged.error());
    gone = *purged;
  }
  if (!arguments.global.quiet) std::fprintf(stderr, "%s dead letters purged\n", grouped(gone, is_terminal(2)).c_str());
  return kOk;
}

}  // namespace csiem::cli
