#include "cli/arguments.hpp"

int main(int argc, char** argv) { return csiem::cli::main(argc, argv); }
