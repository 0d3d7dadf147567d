// The usual ECS document, checked in one pass. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

namespace csiem::schema {

class EcsQuick {
 public:
  explicit EcsQuick(std::string_view name_space);
  ~EcsQuick();
  // True: the document breaks no rule. False: it may, or it is unusual; ask the thorough check.
  bool accepts(std::string_view document) const noexcept;

 private:
  struct Tree;
  std::unique_ptr<const Tree> tree_;
};

}  // namespace csiem::schema
