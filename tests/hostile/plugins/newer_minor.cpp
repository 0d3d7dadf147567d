// From a later minor: every struct has members that this host does not know. Must work.
#include "hostile.hpp"

HOSTILE_NOTE("newer_minor");

template <class T>
struct Longer {
  T known;
  uint64_t unknown[4];
};

template <class T>
static Longer<T> longer(T value) {
  value.struct_size = sizeof(Longer<T>);
  return {value, {~0ull, ~0ull, ~0ull, ~0ull}};
}

static csiem_plugin newer(csiem_plugin p) {
  p.abi_version = (CSIEM_ABI_MAJOR << 16) | 7;
  return p;
}

static const Longer<csiem_exporter_v1> api_table = longer(hostile::exporter());
static const Longer<csiem_component> the_component = longer(hostile::component("hostile_newer_minor", &api_table));
static const csiem_component* const the_components[] = {&the_component.known};
static const Longer<csiem_plugin> the_plugin = longer(newer(hostile::plugin(the_components)));

extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return &the_plugin.known; }
