#include "event/batch.hpp"

#include <utility>

namespace csiem::event {
namespace {

constexpr std::size_t kSmallInputBytes = 16 * 1024;
constexpr std::size_t kSmallBatchBytes = 128 * 1024;

}  // namespace

std::shared_ptr<BatchPool> BatchPool::create(std::size_t keep) {
  return std::shared_ptr<BatchPool>(new BatchPool(keep));
}

std::shared_ptr<EventBatch> BatchPool::take() {
  std::unique_ptr<EventBatch> batch;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      batch = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!batch) batch = std::make_unique<EventBatch>();
  return lend(std::move(batch));
}

std::shared_ptr<EventBatch> BatchPool::take_small() { return lend(std::make_unique<EventBatch>()); }

std::shared_ptr<EventBatch> BatchPool::lend(std::unique_ptr<EventBatch> batch) {
  return {batch.release(), [pool = weak_from_this()](EventBatch* done) {
            std::unique_ptr<EventBatch> owned(done);
            if (const auto alive = pool.lock()) alive->give_back(std::move(owned));
          }};
}

void BatchPool::give_back(std::unique_ptr<EventBatch> batch) {
  if (batch->memory_bytes() < kSmallBatchBytes) return;
  batch->arena_.clear();
  batch->events_.clear();
  batch->first_sequence_ = 0;
  const std::lock_guard lock(mutex_);
  if (idle_.size() < keep_) idle_.push_back(std::move(batch));
}

void BatchBuilder::expect(std::size_t bytes) {
  if (bytes < kSmallInputBytes && size() == 0 && batch_->memory_bytes() >= kSmallBatchBytes)
    batch_ = pool_->take_small();
}

csiem_event& BatchBuilder::add() {
  csiem_event& view = batch_->events_.emplace_back();
  view.struct_size = sizeof(csiem_event);
  view.resource_port = -1;
  return view;
}

std::shared_ptr<EventBatch> BatchBuilder::seal(int64_t accepted_mono_ns) {
  batch_->accepted_mono_ns_ = accepted_mono_ns;
  return std::exchange(batch_, pool_->take());
}

}  // namespace csiem::event
