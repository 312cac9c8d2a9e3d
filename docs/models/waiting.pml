/* Who waits for a pool's elements, and who gets them: the rules of src/mempool/{queue,calls,wait}.rs.
 * Run by scripts/spin. The source gives nothing and the periodic retry never comes, so whatever hangs
 * here would hang for ever if nobody else freed.
 *
 * Three processes, a reserve of N. Each atomic step is one hold of the pool's lock. Time is one event:
 * the second of an entitled waiter may be over at any moment (`late`), and every sleeper has a timer
 * for that. A request without a thread is completed by whoever frees or leaves (`serve`).
 *
 * Shown: nobody hangs (no invalid end state), no element is lost, at most BOUND + N elements go past a
 * waiter before what comes is kept for it, and (ltl) whoever wants one more gets it.
 * -DBUG_... are the mistakes that must be found. */
#ifndef N
#define N 2
#endif
#ifndef BOUND
#define BOUND (2 * N)
#endif
#define W 3
#define NONE W

/* What the processes do: how many elements at once, how many times one after the other before giving
 * all back, and whether as a request without a thread. */
#ifdef LARGE
#define SIZE(i)    N
#else
#define SIZE(i)    ((i == 0) -> N : 1)
#endif
#ifdef HOLDERS
#define TIMES(i)   ((i == 2) -> 2 : 1)
#else
#define TIMES(i)   1
#endif
#ifdef REQUEST
#define THREAD(i)  (i != 0)
#else
#define THREAD(i)  true
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif

byte curr = N, kept;                     /* elements in the reserve, and granted ones among them */
byte queue[W], waiters;                  /* oldest first */
byte missing[W], granted[W], passed[W];
byte ghost[W];                           /* elements that went past while it missed some, since it began or its second was over */
bool since[W], late;                     /* entitled; its second is over */
bool news[W], asleep[W], wants[W];
byte held;
bool done;

/* A second is over at any moment, or (liveness needs that) when nobody else can move. */
#ifdef FOREVER
#define SECOND timeout
#else
#define SECOND true
#endif
#ifdef BUG_KEPT_FOR_EVER
#define KEPT_FOR_EVER true
#else
#define KEPT_FOR_EVER false
#endif

/* Only inside one step. */
hidden byte h, j, n, g, room, expired;

#define FREE (curr - kept)
#ifdef BUG_HOLD_AND_WAIT
#define PIECEMEAL true
#else
#define PIECEMEAL false
#endif

/* queue::due: the oldest past which too many have gone */
inline find_due() {
	h = NONE; j = 0;
	do
	:: j < waiters && h == NONE ->
		if
		:: missing[queue[j]] > 0 && passed[queue[j]] > BOUND -> h = queue[j]
		:: else -> skip
		fi;
		j++
	:: else -> break
	od
}

/* queue::turn */
inline turn() {
	find_due(); expired = 0;
	if
	:: h != NONE && !since[h] ->
#ifndef BUG_NEVER_KEPT
		since[h] = true; late = false
#endif
		skip
	:: h != NONE && since[h] && late ->
#ifdef BUG_ALL_ANEW
		for (j : 0 .. W - 1) { passed[j] = 0; ghost[j] = 0 }
#endif
		passed[h] = 0; ghost[h] = 0; since[h] = false; late = false; expired = 1
	:: else -> skip
	fi
}

/* calls::grant */
inline grant() {
	find_due();
	do
	:: h != NONE && since[h] && !late && asleep[h] && FREE >= missing[h] ->
		granted[h] = missing[h]; kept = kept + missing[h]; missing[h] = 0; asleep[h] = false;
		turn(); find_due()
	:: else -> break
	od
}

/* calls::call_served */
inline call_served() {
	find_due(); room = FREE; j = 0;
	do
	:: j < waiters && room > 0 && !(h != NONE && since[h] && !late) ->
		if
		:: asleep[queue[j]] && missing[queue[j]] <= room -> asleep[queue[j]] = false; room = room - missing[queue[j]]
		:: else -> skip
		fi;
		j++
	:: else -> break
	od
}

/* calls::tell */
inline tell() {
	for (j : 0 .. W - 1) { news[j] = true }
	turn(); grant(); call_served()
}

/* calls::settle */
inline settle() {
	turn();
	if
	:: expired == 1 -> tell()
	:: else -> grant()
	fi
}

/* queue::allowed for `who`, queued or not, then pop and queue::took */
inline take(who, queued, want) {
	g = 0;
	if
	:: queued -> g = granted[who]; kept = kept - g; granted[who] = 0; missing[who] = want
	:: else -> skip
	fi;
	find_due();
	if
	:: (FREE >= want || (PIECEMEAL && FREE > 0)) && !(g == 0 && h != NONE && since[h] && !late && !(queued && h == who)) ->
		n = (FREE >= want -> want : FREE);
		curr = curr - n; held = held + n;
		if
		:: queued -> missing[who] = missing[who] - n
		:: else -> skip
		fi;
		j = 0;
		do
		:: j < waiters && !(queued && queue[j] == who) ->
			passed[queue[j]] = (passed[queue[j]] > BOUND -> passed[queue[j]] : passed[queue[j]] + n);
#ifndef FOREVER
			ghost[queue[j]] = (missing[queue[j]] > 0 -> ghost[queue[j]] + n : 0);
			assert(ghost[queue[j]] <= BOUND + N || (since[queue[j]] && late));
#endif
			j++
		:: else -> break
		od;
		settle()
	:: else -> n = 0
	fi
}
inline join(who, m) {
	missing[who] = m; passed[who] = 0; ghost[who] = 0; since[who] = false; granted[who] = 0; news[who] = false;
	queue[waiters] = who; waiters++
}

/* queue::part and calls::tell_of_leaving */
inline part(who) {
	j = 0;
	do
	:: queue[j] != who -> j++
	:: else -> break
	od;
	do
	:: j + 1 < waiters -> queue[j] = queue[j + 1]; j++
	:: else -> break
	od;
	waiters--; queue[waiters] = 0;
	if
	:: since[who] -> since[who] = false; tell()
	:: else -> settle(); call_served()
	fi
}

/* serve::complete_one, as often as there is one: request 0 may be completed */
inline serve() {
#ifdef REQUEST
	if
	:: missing[0] > 0 ->
		take(0, true, missing[0]);
		if
		:: n > 0 -> part(0); done = true
		:: else -> skip
		fi
	:: else -> skip
	fi
#else
	skip
#endif
}

proctype waiter(byte me) {
	byte round, times, m;
	do
	:: round < ROUNDS ->
		times = 0;
		do
		:: times < TIMES(me) ->
			d_step { m = SIZE(me); wants[me] = true };
			/* wait::until, after a try without a place in the queue */
			d_step { take(me, false, m); m = m - n; skip };
			if
			:: m == 0 -> skip
			:: else ->
				d_step { done = done && THREAD(me); join(me, m); skip };
				if
				:: THREAD(me) ->
					do
					:: news[me] = false;
						d_step { take(me, true, m); m = m - n; skip };
						if
						:: m == 0 -> break
						:: else -> skip
						fi;
						d_step {
							settle();
#ifndef BUG_SLEEP_UNSEEN
							if
							:: !news[me] -> asleep[me] = true
							:: else -> skip
							fi
#else
							asleep[me] = true
#endif
							; skip
						};
						(!asleep[me] || late);
						asleep[me] = false
					od;
					skip; /* spin can't jump into a d_step */
					d_step { part(me); skip };
					d_step { serve(); skip }
				:: else ->
					d_step { serve(); skip };
					done
				fi
			fi;
			wants[me] = false;
			times++
		:: else -> break
		od;
		/* mempool_free: the elements one by one, then those who wait are told */
		m = SIZE(me) * TIMES(me);
		do
		:: m > 0 -> d_step { curr++; held--; m--; skip }
		:: else -> break
		od;
		skip;
		d_step { tell(); skip };
		d_step { serve(); skip };
#ifndef FOREVER
		round++
#endif
	:: else -> break
	od
}

active proctype clock() {
end:	do
	:: atomic { SECOND && !KEPT_FOR_EVER && !late && (since[0] || since[1] || since[2]) -> late = true }
	od
}

#ifndef FOREVER
/* No element is lost. A step of its own, so that it is looked at in every state. */
active proctype counts() {
end:	do
	:: atomic { curr + held != N || kept > curr -> assert(false) }
	od
}
#endif

init {
	atomic { run waiter(0); run waiter(1); run waiter(2) }
}

ltl one_more { [] (wants[2] -> <> !wants[2]) }
