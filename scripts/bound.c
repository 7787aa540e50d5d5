/* The bound: the source problem's training in C vectorised by hand, as fast as we could write it.
 *
 * It trains restarts of the 1-2-1 sigmoid network on the 300 standardised points by Adam(0.1) with
 * batch size 32, 16 restarts to a vector. The points are laid out in an own order for each restart
 * and read in an order shuffled for each epoch, as the stack does. It keeps nothing but the
 * weights: no epoch accuracies, no losses, no outcomes. Prints restarts per second.
 *
 *     cc -O3 -march=native -ffast-math -o bound bound.c -lm && ./bound RESTARTS EPOCHS
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LANES = 16, POINTS = 300, BATCH = 32, WEIGHTS = 7 };

typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t ints __attribute__((vector_size(4 * LANES)));

static inline lanes clamp(lanes x, float low, float high) {
    for (int i = 0; i < LANES; i++) x[i] = x[i] < low ? low : x[i] > high ? high : x[i];
    return x;
}

static inline lanes root(lanes x) {
    for (int i = 0; i < LANES; i++) x[i] = sqrtf(x[i]);
    return x;
}

/* exp by range reduction to [-ln2/2, ln2/2] and the polynomial of Cephes' expf. */
static inline lanes exponential(lanes x) {
    x = clamp(x, -87.0f, 88.0f);
    lanes scaled = x * 1.44269504f;
    ints whole = __builtin_convertvector(scaled + 127.5f, ints) - 127;
    lanes k = __builtin_convertvector(whole, lanes);
    lanes r = x - k * 0.693359375f + k * 2.12194440e-4f;
    lanes p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    union { ints i; lanes f; } power = {.i = (whole + 127) << 23};
    return p * power.f;
}

static inline lanes sigmoid(lanes x) { return 1.0f / (1.0f + exponential(-x)); }

static float x[POINTS], y[POINTS];
static lanes own_x[POINTS], own_y[POINTS];
static int order[POINTS];

static void make_points(void) {
    double mean = 0, square = 0;
    for (int i = 0; i < 100; i++) {
        x[i] = 10.0f * i / 99;
        x[100 + i] = 11 + 9.0f * i / 99;
        x[200 + i] = 21 + 9.0f * i / 99;
        y[100 + i] = 1;
    }
    for (int i = 0; i < POINTS; i++) mean += x[i] / POINTS;
    for (int i = 0; i < POINTS; i++) square += (x[i] - mean) * (x[i] - mean) / POINTS;
    for (int i = 0; i < POINTS; i++) x[i] = (float)((x[i] - mean) / sqrt(square)), order[i] = i;
}

static void shuffle(void) {
    for (int i = POINTS - 1; i > 0; i--) {
        int j = rand() % (i + 1), swapped = order[i];
        order[i] = order[j], order[j] = swapped;
    }
}

/* Lay the points out in a new order for each restart. */
static void lay_out(void) {
    for (int lane = 0; lane < LANES; lane++) {
        shuffle();
        for (int i = 0; i < POINTS; i++) {
            own_x[i][lane] = x[order[i]];
            own_y[i][lane] = y[order[i]];
        }
    }
}

static void step(lanes w[WEIGHTS], lanes m[WEIGHTS], lanes v[WEIGHTS], int first, int size,
                 float rate) {
    lanes g[WEIGHTS] = {0};
    for (int i = first; i < first + size; i++) {
        lanes input = own_x[order[i]], target = own_y[order[i]];
        lanes h0 = sigmoid(w[0] * input + w[2]), h1 = sigmoid(w[1] * input + w[3]);
        lanes d = sigmoid(h0 * w[4] + h1 * w[5] + w[6]) - target;
        lanes d0 = d * w[4] * h0 * (1.0f - h0), d1 = d * w[5] * h1 * (1.0f - h1);
        g[0] += d0 * input, g[1] += d1 * input, g[2] += d0, g[3] += d1;
        g[4] += d * h0, g[5] += d * h1, g[6] += d;
    }
    for (int k = 0; k < WEIGHTS; k++) {
        lanes mean = g[k] / (float)size;
        m[k] += (mean - m[k]) * 0.1f;
        v[k] += (mean * mean - v[k]) * 0.001f;
        w[k] -= rate * m[k] / (root(v[k]) + 1e-7f);
    }
}

int main(int argc, char **argv) {
    int restarts = argc > 1 ? atoi(argv[1]) : 1600, epochs = argc > 2 ? atoi(argv[2]) : 200;
    struct timespec began, ended;
    float sum = 0;
    make_points();
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (int done = 0; done < restarts; done += LANES) {
        lanes w[WEIGHTS] = {0}, m[WEIGHTS] = {0}, v[WEIGHTS] = {0};
        double decay1 = 1, decay2 = 1;
        lay_out();
        for (int k = 0; k < WEIGHTS; k++)
            for (int i = 0; i < LANES; i++) w[k][i] = 2.0f * rand() / RAND_MAX - 1.0f;
        for (int epoch = 0; epoch < epochs; epoch++) {
            shuffle();
            for (int first = 0; first < POINTS; first += BATCH) {
                decay1 *= 0.9, decay2 *= 0.999;
                float rate = (float)(0.1 * sqrt(1 - decay2) / (1 - decay1));
                step(w, m, v, first, POINTS - first < BATCH ? POINTS - first : BATCH, rate);
            }
        }
        for (int k = 0; k < WEIGHTS; k++) sum += w[k][0];
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    double seconds = ended.tv_sec - began.tv_sec + 1e-9 * (ended.tv_nsec - began.tv_nsec);
    fprintf(stderr, "%f\n", sum); /* so that nothing is optimised away */
    printf("%.0f\n", restarts / seconds);
    return 0;
}
