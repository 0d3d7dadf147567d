// A disk that fails (delivery.md 10.4): for N = 1, 2, 3 and so on the Nth call that writes or syncs fails, once or from
// then on, until a load comes through without meeting the failure. Each run ends well or with a coded error, never with
// a crash, and whatever was acknowledged is there when the store is opened on a sound disk again.
//
//   io-failures [--durability interval] [--seed S]
//   io-failures --only MODE CALL [--seed S]
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

#include "../store_bench.hpp"
#include "image_check.hpp"
#include "recording.hpp"

using namespace csiem;
using namespace csiem::test;

namespace {

struct Mode {
  const char* name;
  bool persistent;
  int error;
  bool late = false;
  // The head of a commit is written and its sync fails, and LMDB cannot put the old one back: the store finds the group
  // in the file when it opens it again, and has to confirm it.
  bool and_next = false;
};
constexpr std::array<Mode, 8> kModes{{{"eio-once", false, EIO},
                                      {"eio-for-good", true, EIO},
                                      {"enospc-once", false, ENOSPC},
                                      {"enospc-for-good", true, ENOSPC},
                                      {"short-once", false, 0},
                                      {"short-for-good", true, 0},
                                      {"late-eio-once", false, EIO, true},
                                      {"late-eio-twice", false, EIO, true, true}}};

struct Load {
  uint64_t seed = 11;
  store::Durability durability = store::Durability::sync;
};

// In the child: what is wrong, one line each; the first line says how it went.
std::vector<std::string> run(const std::string& directory, const Mode& mode, uint64_t call, const Load& load) {
  disk_tap::watch(directory);
  disk_tap::set_failure({call, mode.persistent, mode.error, mode.late, mode.and_next});
  const Recording recording = run_load(directory, {.seed = load.seed, .steps = 7, .durability = load.durability});
  const uint64_t failed = disk_tap::failed_calls();
  disk_tap::ignore();
  std::vector<std::string> out{failed == 0           ? "untouched"
                               : recording.refused   ? "refused"
                               : recording.unwritten ? "unwritten"
                                                     : "recovered"};
  for (const auto& error : {recording.refused, recording.unwritten})
    if (error && error->message_code() == 0) out.push_back("an error without a code: " + error->what());
  if (!mode.persistent && recording.unwritten) out.push_back("does not recover: " + recording.unwritten->what());
  if (recording.refused) {
    // A start that failed leaves nothing that keeps the next one from working.
    if (const auto again = store::open_store(options_for(directory)); !again)
      out.push_back("cannot be opened any more: " + again.error().what());
    return out;
  }
  for (auto& line : check_store(directory, recording, recording.promises, true)) out.push_back(std::move(line));
  return out;
}

std::vector<std::string> run_in_child(const Mode& mode, uint64_t call, const Load& load) {
  const TemporaryDirectory dir;
  const std::string report = dir / "report", directory = dir / "data";
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);  // whatever hangs is a failure, too
    std::string text;
    for (const std::string& line : run(directory, mode, call, load)) text += line + "\n";
    std::ofstream(report) << text;
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  std::vector<std::string> out;
  std::ifstream in(report);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  if (out.empty()) out.emplace_back("crashed");
  if (WIFSIGNALED(status)) out.push_back(std::string("crashed: ") + ::strsignal(WTERMSIG(status)));
  return out;
}

bool tell(const Mode& mode, uint64_t call, const Load& load, const std::vector<std::string>& lines) {
  if (lines.size() == 1) return true;
  std::printf("io-failures --only %s %lu --seed %lu\n", mode.name, call, load.seed);
  for (const std::string& line : lines) std::printf("  %s\n", line.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  uint64_t only = 0;
  std::string_view only_mode;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string_view(argv[i]) == "--seed") load.seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::string_view(argv[i]) == "--durability" && std::string_view(argv[i + 1]) == "interval")
      load.durability = store::Durability::interval;
    if (std::string_view(argv[i]) == "--only" && i + 2 < argc) {
      only_mode = argv[i + 1];
      only = std::strtoull(argv[i + 2], nullptr, 10);
    }
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  bool good = true;
  for (const Mode& mode : kModes) {
    if (!only_mode.empty() && only_mode != mode.name) continue;
    std::map<std::string, uint64_t> outcomes;
    uint64_t call = only_mode.empty() ? 1 : only;
    for (;; ++call) {
      const auto lines = run_in_child(mode, call, load);
      good = tell(mode, call, load, lines) && good;
      ++outcomes[lines.front()];
      if (lines.front() == "untouched" || !only_mode.empty() || call > 5000) break;
    }
    std::printf("%s: %lu calls;", mode.name, call - 1);
    for (const auto& [outcome, count] : outcomes) std::printf(" %s %lu", outcome.c_str(), count);
    std::printf("\n");
    // The sweep has to have hit something.
    if (only_mode.empty() && call < 20) good = false;
  }
  return good ? 0 : 1;
}
