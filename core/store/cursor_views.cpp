#include "store/cursor_views.hpp"

#include <algorithm>

#include "store/cursor_state.hpp"
#include "store/dead_letters.hpp"

namespace csiem::store {

Result<std::vector<CursorView>> cursor_views(const lmdb::Transaction& txn, const Database& database) {
  std::vector<CursorView> out;
  CS_TRY(tail, database.tail(txn));
  CS_CHECK(database.walk_cursors(txn, [&](std::string_view exporter, std::string_view record) {
    CursorView view;
    view.exporter = exporter;
    if (const auto state = CursorState::decode(record)) {
      view.ledger = state->ledger(tail.next);
      view.frontier = state->frontier();
      view.opened_unix_ns = state->opened_unix_ns;
      view.limits = state->limits;
      view.state = state->state;
    }
    out.push_back(std::move(view));
    return true;
  }));
  for (CursorView& view : out) {
    if (view.frontier < tail.next) {
      CS_TRY(block, database.block_at(txn, view.frontier));
      if (const auto header = block ? BlockView::peek(block->bytes) : std::nullopt) {
        view.lag_bytes = tail.log_bytes - std::min(tail.log_bytes, header->log_bytes_before);
        view.oldest_unix_ns = header->accepted_unix_ns;
      }
    }
    CS_TRY(letters, letter_totals(txn, database, view.exporter));
    view.letters = letters;
  }
  return out;
}

}  // namespace csiem::store
