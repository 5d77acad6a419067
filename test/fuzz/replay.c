/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the files of the folders that are given through a fuzzer's function once, without libFuzzer: seeds,
 * and what a fuzzer found. A file called *.pack holds many inputs, each behind its length in four octets; see
 * pack.py. Fails when there is no input, or a pack is cut short. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_LARGEST (1u << 22)

/* In memory of its very size, so that reading past its end is seen. */
static void replay(const uint8_t *octets, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL)
        abort();
    if (size > 0)
        memcpy(exact, octets, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static size_t replay_pack(const uint8_t *octets, size_t size)
{
    size_t inputs = 0;

    while (size >= 4) {
        size_t length =
            (size_t)octets[0] << 24 | (size_t)octets[1] << 16 | (size_t)octets[2] << 8 | octets[3];
        if (length > size - 4)
            break;
        replay(octets + 4, length);
        octets += 4 + length;
        size -= 4 + length;
        inputs++;
    }
    if (size != 0) {
        fprintf(stderr, "a pack is cut short\n");
        exit(1);
    }
    return inputs;
}

static size_t replay_file(const char *path)
{
    static uint8_t octets[FILE_LARGEST];
    size_t name = strlen(path);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    size_t size = fread(octets, 1, sizeof(octets), file);
    fclose(file);
    if (name > 5 && strcmp(path + name - 5, ".pack") == 0)
        return replay_pack(octets, size);
    replay(octets, size);
    return 1;
}

int main(int argc, char **argv)
{
    size_t inputs = 0;

    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder == NULL) {
            fprintf(stderr, "cannot open %s\n", argv[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            char path[4096];
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
            inputs += replay_file(path);
        }
        closedir(folder);
    }
    printf("%zu inputs\n", inputs);
    return inputs == 0;
}
