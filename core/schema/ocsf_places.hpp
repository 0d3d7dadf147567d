// What of an event observables[] can name, remembered while the event is read. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "schema/ocsf_plan.hpp"

namespace csiem::schema::ocsf {

// Fixed room, no allocation: an event that needs more is left to the thorough check.
class Places {
 public:
  static constexpr int16_t kNoIndex = -1;

  struct Observable {
    std::string_view name, value;  // as JSON has them
    int64_t type;
    bool plain_name, has_value;
  };

  // False: no room. `index`: of an element of an array. The new object's number comes back in `id`.
  bool open(const Slot& slot, uint16_t parent, int16_t index, uint16_t& id) noexcept {
    if (frame_count_ == frames_.size()) return false;
    id = static_cast<uint16_t>(frame_count_ + 1);  // 0 is the event
    frames_[frame_count_++] = {&slot, parent, index};
    return true;
  }
  bool text(const Slot& slot, uint16_t parent, int16_t index, std::string_view raw) noexcept {
    if (text_count_ == texts_.size()) return false;
    texts_[text_count_++] = {{&slot, parent, index}, raw};
    return true;
  }
  bool observable(const Observable& one) noexcept {
    if (observable_count_ == observables_.size()) return false;
    observables_[observable_count_++] = one;
    return true;
  }

  // Each names a text of the event in the one usual way, repeats it, and carries its number.
  bool observables_are_right(const Shape& event_class) const noexcept {
    for (std::size_t i = 0; i < observable_count_; ++i)
      if (!is_right(observables_[i], event_class)) return false;
    return true;
  }

 private:
  struct Frame {
    const Slot* slot;
    uint16_t parent;
    int16_t index;
    bool operator==(const Frame& other) const noexcept {
      return slot == other.slot && parent == other.parent && index == other.index;
    }
  };
  struct Text {
    Frame at;
    std::string_view raw;
  };

  bool is_right(const Observable& one, const Shape& event_class) const noexcept {
    if (!one.plain_name || !one.has_value) return false;
    const Shape* shape = &event_class;
    uint16_t id = 0;
    std::string_view rest = one.name;
    for (;;) {
      const std::size_t dot = rest.find('.');
      std::string_view name = rest.substr(0, dot);
      int16_t index = kNoIndex;
      // name[N], N of one digit.
      if (name.size() > 3 && name.back() == ']' && name[name.size() - 3] == '[') {
        index = static_cast<int16_t>(name[name.size() - 2] - '0');
        name.remove_suffix(3);
        if (index < 0 || index > 9) return false;
      }
      const Slot* const slot = shape->find(name);
      if (slot == nullptr || slot->array != (index != kNoIndex)) return false;
      const Frame wanted{slot, id, index};
      if (dot == std::string_view::npos) return names(one, wanted);
      std::size_t at = 0;
      while (at < frame_count_ && !(frames_[at] == wanted)) ++at;
      if (at == frame_count_) return false;
      id = static_cast<uint16_t>(at + 1);
      shape = slot->object;
      rest.remove_prefix(dot + 1);
    }
  }

  bool names(const Observable& one, const Frame& wanted) const noexcept {
    if (!wanted.slot->observable) return false;
    const auto& numbers = wanted.slot->numbers;
    if (one.type < 0 || (one.type != numbers[0] && one.type != numbers[1] && one.type != 0 && one.type != 99))
      return false;
    for (std::size_t i = 0; i < text_count_; ++i)
      if (texts_[i].at == wanted && texts_[i].raw == one.value) return true;
    return false;
  }

  std::array<Frame, 64> frames_;
  std::array<Text, 64> texts_;
  std::array<Observable, 24> observables_;
  std::size_t frame_count_ = 0, text_count_ = 0, observable_count_ = 0;
};

}  // namespace csiem::schema::ocsf
