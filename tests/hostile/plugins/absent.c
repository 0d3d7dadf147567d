// The library that hostile_missing_library is linked with. Its recorded name belongs to no file.
int csiem_test_absent(void);
int csiem_test_absent(void) { return 0; }
