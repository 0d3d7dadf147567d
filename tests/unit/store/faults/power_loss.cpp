// Power cuts (delivery.md 10.3): records what scripted loads write, builds the files that a power cut could have left
// at any moment, and looks at the store in each of them.
//
//   power-loss [--images N] [--seed S] [--durability sync|interval|none]
//   power-loss --replay FILE IMAGE      one image of a recording that a failure has left
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "../store_bench.hpp"
#include "base/log.hpp"
#include "image_check.hpp"
#include "power_image.hpp"
#include "recording.hpp"

using namespace csiem;
using namespace csiem::test;

namespace {

constexpr uint64_t kImagesPerRecording = 100;

struct Verdict {
  uint64_t images = 0, bad = 0;
};

// Puts the images into a directory and looks at it, in a process of its own: LMDB may crash on what it does not expect.
struct Images {
  std::string place, data;
  std::optional<std::string> safe_point;
};
std::vector<std::string> look_at(const Images& images, const Recording& recording, std::span<const Promise> kept,
                                 bool drain) {
  const TemporaryDirectory dir;
  std::filesystem::create_directories(dir / images.place);
  std::ofstream(dir / (images.place + "/data.mdb"), std::ios::binary) << images.data;
  if (images.safe_point) std::ofstream(dir / "store/safe-point", std::ios::binary) << *images.safe_point;
  const std::string report = dir / "report";
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);                      // whatever hangs is a failure, too
    log::set_level(log::Level::off);  // each goes back
    std::ofstream out(report);
    for (const std::string& line : check_store(dir.path(), recording, kept, drain)) out << line << "\n";
    out.close();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  std::vector<std::string> complaints;
  std::ifstream in(report);
  for (std::string line; std::getline(in, line);) complaints.push_back(line);
  if (WIFSIGNALED(status)) complaints.push_back(std::string("crashed: ") + ::strsignal(WTERMSIG(status)));
  return complaints;
}

// Image `number` of the recording: the moment and the image follow from the number.
std::vector<std::string> look_at_image(const Recording& recording, uint64_t number) {
  std::mt19937_64 rng(number * 2654435761U + 1);
  const std::size_t moment = rng() % (recording.ops.size() + 1);
  Disk disk(StoreFile::data), beside(StoreFile::safe_point);
  const auto apply = [&](const DiskOp& op) {
    disk.apply(op);
    beside.apply(op);
  };
  // The operation in which the power fails is begun: a write of it may be there, a sync of it is not done.
  for (std::size_t i = 0; i < moment; ++i) apply(recording.ops[i]);
  if (moment < recording.ops.size()) {
    const auto kind = recording.ops[moment].kind;
    if (kind == DiskOp::Kind::write || kind == DiskOp::Kind::move_in) apply(recording.ops[moment]);
  }
  const bool aside = std::any_of(recording.ops.begin(), recording.ops.end(),
                                 [](const DiskOp& op) { return op.kind == DiskOp::Kind::move_in; });
  const auto end = std::find_if(recording.promises.begin(), recording.promises.end(),
                                [&](const Promise& promise) { return promise.position > moment; });
  Images images;
  images.place = disk.place(rng, aside);
  images.data = disk.image(rng);
  if (images.place == "store" && beside.is_there(rng)) images.safe_point = beside.image(rng);
  return look_at(images, recording, {recording.promises.begin(), end}, number % 8 == 0);
}

Verdict run(uint64_t seed, uint64_t images, store::Durability durability, bool tell) {
  Verdict verdict;
  for (uint64_t recorded = 0; verdict.images < images; ++recorded) {
    const Recording recording = record_load(seed + recorded, durability);
    for (uint64_t i = 0; i < kImagesPerRecording && verdict.images < images; ++i, ++verdict.images) {
      const auto complaints = look_at_image(recording, i);
      if (complaints.empty()) continue;
      ++verdict.bad;
      if (!tell) continue;
      const auto kept = std::filesystem::temp_directory_path() / ("power-loss-" + std::to_string(seed + recorded));
      save(recording, kept);
      std::printf("seed %lu, image %lu; again with: power-loss --replay %s %lu\n", seed + recorded, i, kept.c_str(), i);
      for (std::size_t line = 0; line < std::min<std::size_t>(complaints.size(), 5); ++line)
        std::printf("  %s\n", complaints[line].c_str());
    }
  }
  return verdict;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t images = 2000, seed = 1;
  auto durability = store::Durability::sync;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--images") images = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--durability" && std::string_view(argv[i + 1]) == "interval")
      durability = store::Durability::interval;
    if (option == "--durability" && std::string_view(argv[i + 1]) == "none") durability = store::Durability::none;
    if (option == "--replay" && i + 2 < argc) {
      const auto complaints = look_at_image(load(argv[i + 1]), std::strtoull(argv[i + 2], nullptr, 10));
      for (const std::string& line : complaints) std::printf("%s\n", line.c_str());
      return complaints.empty() ? 0 : 1;
    }
  }
  const Verdict verdict = run(seed, images, durability, true);
  std::printf("%lu images of a power cut, %lu bad\n", verdict.images, verdict.bad);
  if (durability == store::Durability::none) return 0;
  // A disk that is never asked to sync keeps no promise: if this looked well, the images would not be worth much.
  const Verdict unsynced = run(seed, kImagesPerRecording, store::Durability::none, false);
  std::printf("without syncs: %lu of %lu bad\n", unsynced.bad, unsynced.images);
  return verdict.bad == 0 && unsynced.bad > 0 ? 0 : 1;
}
