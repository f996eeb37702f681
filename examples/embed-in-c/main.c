/* Reads a handwritten digit with a compiled network: read-digit [picture.txt], a file of 8x8 numbers from 0 to 16. */
#include "digits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static float picture[DIGITS_INPUT0_ELEMENTS] = {0, 0, 7, 16, 14, 3,  0,  0, 0, 0, 9, 14, 11, 15, 0,  0, // a two
                                                0, 0, 1, 5,  0,  15, 5,  0, 0, 0, 0, 0,  0,  16, 5,  0, //
                                                0, 0, 0, 0,  3,  16, 4,  0, 0, 0, 0, 1,  12, 14, 1,  0, //
                                                0, 0, 5, 12, 16, 16, 14, 1, 0, 0, 8, 16, 14, 10, 13, 3};
static float scores[DIGITS_OUTPUT0_ELEMENTS];

static int readPicture(const char *name) {
  FILE *file = fopen(name, "r");
  int count = 0;
  if (!file) {
    fprintf(stderr, "read-digit: error: cannot read '%s': %s\n", name, strerror(errno));
    return 0;
  }
  while (count < DIGITS_INPUT0_ELEMENTS && fscanf(file, "%f", &picture[count]) == 1)
    ++count;
  fclose(file);
  if (count < DIGITS_INPUT0_ELEMENTS)
    fprintf(stderr, "read-digit: error: expected %d numbers in '%s', got %d\n", DIGITS_INPUT0_ELEMENTS, name, count);
  return count == DIGITS_INPUT0_ELEMENTS;
}

int main(int argc, char **argv) {
  const res_model *model = digits_get_model();
  for (uint32_t i = 0; i < model->input_count; ++i) {
    printf("input '%s':", model->inputs[i].name);
    for (uint32_t d = 0; d < model->inputs[i].rank; ++d)
      printf(" %lld", (long long)model->inputs[i].shape[d]);
    printf(", %zu bytes\n", model->inputs[i].bytes);
  }
  if (argc > 1 && !readPicture(argv[1]))
    return 1;
  for (int i = 0; i < DIGITS_INPUT0_ELEMENTS; ++i)
    picture[i] /= 16; /* the network was trained on pixels from 0 to 1 */

  res_options options = {.struct_bytes = sizeof options, .threads = 1};
  res_instance *instance;
  res_status status = model->open(model, &options, &instance);
  if (status == RES_OK)
    status = model->run(instance, (const void *[]){picture}, (void *[]){scores});
  model->close(instance); /* null, if it could not be opened */
  if (status != RES_OK) {
    fprintf(stderr, "read-digit: error: %s\n", model->status_text(status));
    return 1;
  }

  int best = 0;
  for (int i = 1; i < DIGITS_OUTPUT0_ELEMENTS; ++i)
    best = scores[i] > scores[best] ? i : best;
  printf("this is a %d (score %.1f)\n", best, scores[best]);
  return 0;
}
