// Breaker and holds over a restart.

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/lane_core.hpp"

namespace csiem::delivery {
namespace {

// A restart is how operators tell that something is mended, often outside of this configuration: breaker and hold go
// on, but their next probe, one request with one event, comes soon. When it fails the waiting goes on where it was.
constexpr int64_t kProbeAfterRestartMs = 1'000;

// The wall clock may have jumped in either direction.
int64_t left_ns(int64_t until_unix_ms, int64_t now_unix_ns, int64_t most_ms) {
  return std::clamp<int64_t>(until_unix_ms - now_unix_ns / kNsPerMs, 0, most_ms) * kNsPerMs;
}

}  // namespace

// Everything that an operator would change to mend the exporter; of a rotated credential the value that is in use.
uint32_t Lane::settings_digest() const {
  std::string all = exporter_->name + '\0' + exporter_->version + '\0' + format_name() + '\0' + context_.settings.proxy;
  const config::Tls& tls = context_.settings.tls;
  for (const std::string& part : {tls.ca_file, tls.cert_file, tls.key_file, tls.min_version})
    all.append(1, '\0').append(part);
  all += tls.verify ? '1' : '0';
  for (const Outlet& outlet : outlets_) {
    all.append(1, '\0').append(outlet.settings->settings_json);
    if (context_.credentials == nullptr) continue;
    for (const auto& [handle, key] : outlet.services->credential_keys())
      if (const auto secret = context_.credentials->get(key))
        secret->use([&](std::string_view value) { all.append(1, '\0').append(value); });
  }
  const uint32_t digest = short_digest(all);
  std::fill(all.begin(), all.end(), '\0');
  return digest;
}

// Once, as soon as the credentials are there.
void Lane::recall(int64_t now) {
  const std::string text = cursor_->state();
  if (text.empty()) return;
  const Remembered old = read_remembered(text);
  if (old.nothing() || old.settings != settings_digest() || old.outlet >= outlets_.size()) {
    cursor_->save_state({});
    return;
  }
  const int64_t now_unix = clock_.unix_ns();
  int64_t probe_at = now;
  held_outlet_ = old.outlet;
  if (old.breaker) {
    probe_at = now + left_ns(old.breaker->until_unix_ms, now_unix, kProbeAfterRestartMs);
    breaker_.reopen(old.breaker->open_for_ms, probe_at);
  }
  if (old.hold) {
    probe_at =
        now + left_ns(old.hold->until_unix_ms, now_unix, std::min(kProbeAfterRestartMs, tuning_.probe_interval_ms));
    hold_.resume(old.hold->kind, probe_at);
    hold_code_ = old.hold->code;
    held_generations_ = credential_generations();
  }
  trouble_words_ = old.words;
  remember_error(old.words);
  const int64_t seconds = (probe_at - now + 999'999'999) / 1'000'000'000;
  log::warn(old.hold ? hold_code_ : 4060, id(), "since before the restart: " + old.words,
            {{"probe_in", std::to_string(seconds) + " s"}});
  remember(now);
}

// Writes what has changed. While all is well there is nothing to compare.
void Lane::remember(int64_t now) {
  if (!started_ || closed_) return;
  const bool open = breaker_.state() != Breaker::State::closed;
  Written wanted;
  if (open) wanted = {breaker_.open_for_ms(), breaker_.probe_at_ns(), Hold::Kind::none, 0};
  if (hold_) {
    wanted.hold = hold_.kind();
    wanted.held_until_ns = hold_.probe_at_ns();
  }
  if (wanted == written_) return;
  written_ = wanted;
  Remembered out;
  out.settings = settings_digest();
  out.outlet = held_outlet_;
  out.words = trouble_words_;
  const int64_t now_unix = clock_.unix_ns();
  const auto unix_ms = [&](int64_t mono_ns) { return std::max<int64_t>(now_unix + (mono_ns - now), 0) / kNsPerMs; };
  if (open) out.breaker = Remembered::Open{unix_ms(wanted.open_until_ns), wanted.open_for_ms};
  if (hold_) out.hold = Remembered::Held{wanted.hold, hold_code_, unix_ms(wanted.held_until_ns)};
  cursor_->save_state(write_remembered(out));
}

}  // namespace csiem::delivery
