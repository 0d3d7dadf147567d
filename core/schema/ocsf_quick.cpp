#include "schema/ocsf_quick.hpp"

#include <algorithm>
#include <array>

#include "base/rfc3339.hpp"
#include "schema/ocsf_places.hpp"
#include "schema/quick_json.hpp"
#include "schema/quick_time.hpp"

namespace csiem::schema {
namespace {

using ocsf::Bits;
using ocsf::Kind;
using ocsf::Places;
using ocsf::Role;
using ocsf::Shape;
using ocsf::Slot;
using Text = QuickJson::Text;

constexpr int kRoom = 17;  // containers inside each other; the thorough check allows far more
constexpr int64_t kOther = 99;

// What values of one object say about each other. Fixed room: an object that needs more is unusual.
struct Relations {
  struct Caption {
    uint8_t at;
    bool other;
    std::string_view text;
  };
  struct Time {
    uint8_t at, in_ms;  // `in_ms`: of a datetime
    int64_t ms;
  };
  template <class T>
  struct Few {
    std::array<T, 12> items;
    std::size_t count = 0;
    bool add(const T& one) noexcept {
      if (count == items.size()) return false;
      items[count++] = one;
      return true;
    }
  };
  Few<Caption> expected;  // by the siblings
  Few<Caption> found;
  Few<Time> times;

  bool hold() const noexcept { return captions_hold() && times_hold(); }

 private:
  bool captions_hold() const noexcept {
    for (std::size_t i = 0; i < expected.count; ++i) {
      const Caption& wanted = expected.items[i];
      const Caption* given = nullptr;
      for (std::size_t k = 0; k < found.count; ++k)
        if (found.items[k].at == wanted.at) given = &found.items[k];
      if (given == nullptr ? wanted.other : (given->text == wanted.text) == wanted.other) return false;
    }
    return true;
  }
  bool times_hold() const noexcept {
    for (std::size_t i = 0; i < times.count; ++i)
      for (std::size_t k = 0; times.items[i].in_ms != Slot::kNone && k < times.count; ++k)
        if (times.items[k].at == times.items[i].in_ms) {
          const int64_t apart = times.items[i].ms - times.items[k].ms;
          if (apart < -1 || apart > 1) return false;
        }
    return true;
  }
};

// One event.
class Reading {
 public:
  Reading(const ocsf::Plan& plan, std::string_view version, std::string_view event)
      : plan_(plan), version_(version), json_(event) {}

  bool run() noexcept {
    const Shape* const event_class = first_member();
    return event_class != nullptr && !event_class->unusual && object(*event_class, 0, kRoom) && json_.at_end() &&
           version_seen_ && class_uid_ * 100 + activity_ == type_uid_ && (needed_ & ~listed_) == 0 &&
           (forbidden_ & listed_) == 0 && (listed_ & ~event_class->profiles) == 0 &&
           places_.observables_are_right(*event_class);
  }

 private:
  // The class, which the daemon writes first; stays where it stands.
  const Shape* first_member() noexcept {
    QuickJson ahead = json_;
    Text key;
    int64_t uid = 0;
    if (!ahead.take('{') || !ahead.string(key) || key.raw != "class_uid" || !ahead.take(':') || !ahead.integer(uid))
      return nullptr;
    return plan_.event_class(uid);
  }

  // Stands on the brace. `id`: of this object among the places.
  bool object(const Shape& shape, uint16_t id, int room) noexcept {
    if (room == 0 || shape.unusual) return false;
    Bits seen;
    Relations relations;
    Places::Observable observable{};
    json_.take('{');
    if (!json_.take('}')) {
      do {
        Text key;
        if (!json_.string(key) || !json_.take(':')) return false;
        const Slot* const slot = shape.find(key.raw);
        if (slot == nullptr || seen[slot->at]) return false;
        seen.set(slot->at);
        needed_ |= slot->profile;
        if (!value(*slot, id, room - 1, relations, observable)) return false;
      } while (json_.take(','));
      if (!json_.take('}')) return false;
    }
    return complete(shape, seen) && relations.hold() && (!shape.observable || places_.observable(observable));
  }

  bool complete(const Shape& shape, const Bits& seen) noexcept {
    if ((seen & shape.required) != shape.required) return false;
    for (const auto& [at, profile] : shape.required_by)
      if (!seen[at]) forbidden_ |= profile;
    return std::all_of(shape.constraints.begin(), shape.constraints.end(), [&](const auto& constraint) {
      const std::size_t n = (seen & constraint.second).count();
      return constraint.first ? n == 1 : n > 0;
    });
  }

  bool value(const Slot& slot, uint16_t id, int room, Relations& relations, Places::Observable& observable) noexcept {
    if (!slot.array) return element(slot, id, Places::kNoIndex, room, relations, observable);
    if (!json_.take('[')) return false;
    if (json_.take(']')) return true;
    int16_t index = 0;
    do {
      if (index == INT16_MAX || !element(slot, id, index++, room - 1, relations, observable)) return false;
    } while (json_.take(','));
    return json_.take(']');
  }

  bool element(const Slot& slot, uint16_t id, int16_t index, int room, Relations& relations,
               Places::Observable& observable) noexcept {
    switch (slot.kind) {
      case Kind::object: {
        uint16_t own = 0;
        return json_.peek() == '{' && places_.open(slot, id, index, own) && object(*slot.object, own, room);
      }
      case Kind::free:
        return json_.peek() == '{' && room > 0 && json_.object(room - 1);
      case Kind::anything:
        return json_.peek() != 'n' && json_.anything(room);
      case Kind::flag:
        return json_.word("true") || json_.word("false");
      case Kind::whole:
      case Kind::time:
        return number(slot, relations, observable);
      case Kind::text:
        return text(slot, id, index, relations, observable);
      case Kind::datetime:
        return datetime(slot, relations);
      case Kind::unusual:
        break;
    }
    return false;
  }

  bool number(const Slot& slot, Relations& relations, Places::Observable& observable) noexcept {
    int64_t n = 0;
    if (!json_.integer(n)) return false;
    if ((n < slot.low || n > slot.high) && !(slot.kind == Kind::time && n == 0)) return false;
    if (slot.kind == Kind::time) return slot.array || relations.times.add({slot.at, Slot::kNone, n});
    if (slot.role == Role::class_uid) class_uid_ = n;
    if (slot.role == Role::activity) activity_ = n;
    if (slot.role == Role::type_uid) type_uid_ = n;
    if (slot.role == Role::type) observable.type = n;
    if (slot.captions.empty()) return true;
    const auto at =
        std::find_if(slot.captions.begin(), slot.captions.end(), [n](const auto& c) { return c.first == n; });
    if (at == slot.captions.end()) return false;
    return slot.sibling == Slot::kNone || relations.expected.add({slot.sibling, n == kOther, at->second});
  }

  bool text(const Slot& slot, uint16_t id, int16_t index, Relations& relations,
            Places::Observable& observable) noexcept {
    Text t;
    if (!json_.string(t) || t.raw.size() > slot.max_bytes || (slot.required && t.raw.empty())) return false;
    if (slot.caption && !(t.plain && relations.found.add({slot.at, false, t.raw}))) return false;
    if (slot.observable && !places_.text(slot, id, index, t.raw)) return false;
    if (slot.words != nullptr && !(t.plain && slot.words->caption(t.raw) != nullptr)) return false;
    if (slot.pattern != nullptr && !(t.plain && matches(slot, t.raw))) return false;
    switch (slot.role) {
      case Role::version:
        return version_seen_ = t.raw == version_;
      case Role::profile: {
        const uint32_t profile = plan_.profile(t.raw);
        const bool first = (listed_ & profile) == 0;
        listed_ |= profile;
        return profile != 0 && first;
      }
      case Role::name:
        observable.name = t.raw;
        observable.plain_name = t.plain;
        return true;
      case Role::value:
        observable.value = t.raw;
        observable.has_value = true;
        return true;
      default:
        return true;
    }
  }

  bool datetime(const Slot& slot, Relations& relations) noexcept {
    Text t;
    if (!json_.string(t) || !t.plain || slot.array) return false;
    if (const auto ms = usual_time_ms(t.raw)) return relations.times.add({slot.at, slot.in_ms, *ms});
    const auto time = parse_rfc3339(t.raw);
    return time && matches(slot, t.raw) && relations.times.add({slot.at, slot.in_ms, time->unix_ns / 1'000'000});
  }

  static bool matches(const Slot& slot, std::string_view t) noexcept {
    return RE2::PartialMatch(re2::StringPiece(t.data(), t.size()), *slot.pattern);
  }

  const ocsf::Plan& plan_;
  const std::string_view version_;
  QuickJson json_;
  Places places_;
  int64_t class_uid_ = -1, activity_ = -1, type_uid_ = -1;
  uint32_t listed_ = 0, needed_ = 0, forbidden_ = 0;  // profiles
  bool version_seen_ = false;
};

}  // namespace

bool OcsfQuick::accepts(std::string_view event) const noexcept { return Reading(plan_, version_, event).run(); }

}  // namespace csiem::schema
