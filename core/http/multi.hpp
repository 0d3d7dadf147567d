// libcurl's multi interface driven by an Asio loop: sockets become descriptor waits, its timer an Asio timer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace csiem::http {

// Owned by one client. Waits that are still queued in the loop keep the object alive after close(), but then do
// nothing.
class Multi {
 public:
  // For each handle that has ended, after it was removed. May not add, remove or close.
  using Done = std::function<void(CURL*, CURLcode)>;
  // Runs from the loop, outside of every libcurl call, once for all handles that ended together. May add, remove and
  // close.
  using AllDone = std::function<void()>;
  // `max_connections_per_host`: 0 for no limit.
  static std::shared_ptr<Multi> create(boost::asio::io_context& loop, uint32_t max_connections_per_host, Done done,
                                       AllDone all_done);
  virtual ~Multi() = default;

  virtual bool add(CURL* easy) = 0;
  virtual void remove(CURL* easy) = 0;
  // Every handle must have been removed. Closes the connections.
  virtual void close() = 0;
};

}  // namespace csiem::http
