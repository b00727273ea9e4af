/* CVODE (BDF, dense difference Jacobian) on one problem; compare.py puts the equations in. */
#include <cvode/cvode.h>
#include <math.h>
#include <nvector/nvector_serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <time.h>

/* EQUATIONS */

static const double dose_times[] = {/* DOSE_TIMES */};
enum { DOSES = sizeof dose_times / sizeof *dose_times, DOSED = /* DOSED */, WATCHED = /* WATCHED */, GIVEN = /* GIVEN */ };

static int right(realtype t, N_Vector y, N_Vector d, void *p) {
    rates(t, NV_DATA_S(y), NV_DATA_S(d), p);
    return 0;
}

static int through(realtype t, N_Vector y, realtype *out, void *p) {
    (void)t, (void)p;
    out[0] = NV_DATA_S(y)[WATCHED < 0 ? 0 : WATCHED] - /* LEVEL */;
    return 0;
}

static int patients, states, parameters, count;
static double *times, *data, *rows;

static int solve(int patient, SUNContext context) {
    double *own = data + patient * (1 + states + parameters), *out = rows + (size_t)patient * count * states;
    N_Vector y = N_VNew_Serial(states, context);
    for (int i = 0; i < states; i++) NV_DATA_S(y)[i] = own[1 + i];
    void *solver = CVodeCreate(CV_BDF, context);
    CVodeInit(solver, right, 0.0, y);
    CVodeSStolerances(solver, 1e-6, 1e-9);
    CVodeSetUserData(solver, own + 1 + states);
    CVodeSetMaxNumSteps(solver, 1000000);
    SUNMatrix matrix = SUNDenseMatrix(states, states, context);
    SUNLinearSolver linear = SUNLinSol_Dense(y, matrix, context);
    CVodeSetLinearSolver(solver, linear, matrix);
    int rising = 1, dose = 0, failed = 0;
    if (WATCHED >= 0) {
        CVodeRootInit(solver, 1, through);
        CVodeSetRootDirection(solver, &rising);
    }
    double now = 0.0;
    for (int row = 0; row < count && !failed;) {
        int doses = dose < DOSES && dose_times[dose] <= times[row];
        double until = doses ? dose_times[dose] : times[row];
        if (until > now) {
            CVodeSetStopTime(solver, doses ? until : times[count - 1] + 1.0);
            int flag = CVode(solver, until, y, &now, CV_NORMAL);
            if (flag < 0) failed = 1;
            if (flag == CV_ROOT_RETURN) {
                NV_DATA_S(y)[GIVEN] += /* AMOUNT */;
                CVodeReInit(solver, now, y);
                CVodeRootInit(solver, 0, NULL);
                continue;
            }
        }
        now = until;
        while (row < count && times[row] <= now) {
            for (int i = 0; i < states; i++) out[row * states + i] = NV_DATA_S(y)[i];
            row++;
        }
        if (doses) {
            NV_DATA_S(y)[DOSED] += own[0];
            CVodeReInit(solver, now, y);
            dose++;
        }
    }
    CVodeFree(&solver);
    SUNLinSolFree(linear);
    SUNMatDestroy(matrix);
    N_VDestroy(y);
    return failed;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

int main(void) {
    double limit;
    if (scanf("%d %d %d %d", &patients, &states, &parameters, &count) != 4) return 1;
    times = malloc(count * sizeof *times);
    for (int i = 0; i < count; i++) if (scanf("%lf", times + i) != 1) return 1;
    if (scanf("%lf", &limit) != 1) return 1;
    size_t all = (size_t)patients * (1 + states + parameters);
    data = malloc(all * sizeof *data);
    rows = malloc((size_t)patients * count * states * sizeof *rows);
    for (size_t i = 0; i < all; i++) if (scanf("%lf", data + i) != 1) return 1;
    SUNContext context;
    SUNContext_Create(NULL, &context);
    for (int i = 0; i < patients; i++) if (solve(i, context)) { fprintf(stderr, "patient %d fails\n", i); return 1; }
    long solved = 0;
    double begin = seconds();
    while (seconds() - begin < limit) solve((int)(solved++ % patients), context);
    printf("rate %g\n", solved / (seconds() - begin));
    for (int i = 0; i < patients * count; i++) {
        printf("%d", i / count);
        for (int j = 0; j < states; j++) printf(" %.17g", rows[(size_t)i * states + j]);
        printf("\n");
    }
    return 0;
}
