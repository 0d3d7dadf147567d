// Built for another major of the interface, and says so.
#include "hostile.hpp"

__asm__(
    ".pushsection .note.clawdstrike,\"a\",%note\n\t.balign 4\n\t.long 12\n\t.long 72f-71f\n\t.long 1\n\t"
    ".asciz \"Clawdstrike\"\n71:\t.ascii \"abi=2.0\\nkind=exporter\\nname=hostile_abi_two\\nversion=1.0.0\\n\"\n72:\t"
    ".balign 4\n\t.popsection\n");

extern "C" CSIEM_EXPORT const void* csiem_plugin_v2(uint32_t) { return nullptr; }
