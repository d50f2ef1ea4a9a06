/* Stands in for netsh.exe, which does nothing in Wine: notes each call, as it was typed, as a line of C:\calls.txt. */
#include <windows.h>
#include <stdio.h>

int main(void) {
  FILE *notes = fopen("C:\\calls.txt", "ab");
  if (!notes) return 1;
  fprintf(notes, "%s\n", GetCommandLineA());
  return fclose(notes);
}
