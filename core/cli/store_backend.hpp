// The store and its jobs, for the admin interface.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "admin/api.hpp"
#include "config/config.hpp"
#include "pipeline/pipeline.hpp"

namespace csiem::cli {

// See admin::Backend::store. Not for a trace.
Result<std::string> ask_store(pipeline::Pipeline& pipeline, const config::Configuration& configuration,
                              admin::StoreRequest what, const admin::Parameters& parameters);

// Looks through the store for admin::Backend::search, on a thread of its own, one request after the other.
class StoreSearch {
 public:
  // `on_control` runs a task on the control thread, soon. The references must outlive it.
  StoreSearch(pipeline::Pipeline& pipeline, const config::Configuration& configuration,
              std::function<void(std::function<void()>)> on_control);
  // Waits for the request that runs, which ends early. Nobody is told of its result or of what waits.
  ~StoreSearch();
  StoreSearch(const StoreSearch&) = delete;
  StoreSearch& operator=(const StoreSearch&) = delete;

  // Control thread.
  void ask(admin::StoreRequest what, admin::Parameters parameters, std::function<void(Result<std::string>)> done);

 private:
  void run();

  pipeline::Pipeline& pipeline_;
  const config::Configuration& configuration_;
  const std::function<void(std::function<void()>)> on_control_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::function<void()>> waiting_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;  // from the first request on
};

// "EXPORTER/SEQUENCE" in its parts; sequence 0 when it is no such name.
struct LetterName {
  std::string exporter;
  store::Sequence sequence = 0;
};
LetterName letter_name(std::string_view id);

}  // namespace csiem::cli
