// The sources' wake-ups on the ingest thread's Asio loop.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "source/source.hpp"

namespace boost::asio {
class io_context;
}

namespace csiem::pipeline {

// Everything on the thread that runs `loop`; destroy it there, or after the loop has stopped. `wake` is what
// source::Waker::wake() leads to.
class LoopWaker final : public source::Waker {
 public:
  LoopWaker(boost::asio::io_context& loop, std::function<void()> wake);
  ~LoopWaker() override;
  void watch(int fd, std::function<void()> readable) override;
  void forget(int fd) override;
  void after_ms(uint32_t delay_ms, std::function<void()> due) override;
  void wake() override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace csiem::pipeline
