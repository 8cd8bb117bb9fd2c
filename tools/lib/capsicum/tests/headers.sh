#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#
# sys/capsicum.h as programs include it: every standard, C and C++, beside the
# headers about root's privileges in either order, without a single warning.
# And the library as a linker sees it: its name and its symbols.
#
# Run by "make check", which sets SRC, O, UAPIFLAG, CC, CXX, CFLAGS, LDFLAGS, NM,
# READELF and MAJOR. Prints TAP.
set -eu

# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$SRC/tests/tap.sh"

# Uses every function and macro once; runs on any kernel.
cat >"$dir/body" <<'EOF'
int main(void)
{
	cap_ioctl_t cmds[2] = { 1, 2 };
	cap_rights_t a, b;
	unsigned int mode = 0;
	uint32_t fcntls = 0;
	bool fine;

	cap_rights_init(&a, CAP_PREAD, CAP_POLL_EVENT);
	CAP_NONE(&b);
	fine = cap_rights_is_empty(&b) && cap_rights_is_valid(&b) &&
	       cap_rights_is_set(&a, CAP_EVENT);
	CAP_ALL(&b);
	fine = fine && cap_rights_contains(&b, &a);
	cap_rights_merge(&b, &a);
	cap_rights_remove(&b, &a);
	cap_rights_set(&b, CAP_READ);
	cap_rights_clear(&b, CAP_READ, CAP_IOCTL);
	fine = fine && !cap_rights_is_set(&b, CAP_IOCTL) &&
	       cap_rights_is_set(&b, CAP_WRITE, CAP_FSIGNAL) &&
	       CAPVER(&b) == 0 && CAPARSIZE(&b) == 2;
	/* A closed descriptor: EBADF, or ENOSYS on an older kernel. */
	fine = fine && cap_rights_limit(-1, &a) == -1 &&
	       (errno == EBADF || errno == ENOSYS) &&
	       cap_rights_get(-1, &a) == -1 &&
	       cap_fcntls_limit(-1, CAP_FCNTL_ALL) == -1 &&
	       cap_fcntls_get(-1, &fcntls) == -1 &&
	       cap_ioctls_limit(-1, cmds, 2) == -1 &&
	       cap_ioctls_get(-1, cmds, 2) == -1 &&
	       CAP_IOCTLS_ALL > 0 && ECAPMODE != ENOTCAPABLE;
	/* Entering, where there is something to enter. */
	/* Rights and text. */
	fine = fine && cap_rights_from_text(&b, "read,CAP_EVENT", NULL) == 0 &&
	       cap_rights_to_text(&b, NULL, 0) > 0 &&
	       cap_right_from_name("CAP_READ") == CAP_READ &&
	       cap_right_to_name(CAP_READ) && cap_right_by_index(0, NULL);
#ifdef _CAPSICUM_HELPERS_H
	caph_stream_rights(&b, CAPH_READ | CAPH_WRITE | CAPH_LOOKUP);
	caph_cache_tzdata();
	caph_cache_catpages();
	fine = fine && cap_rights_is_set(&b, CAP_READ) &&
	       caph_limit_stream(-1, CAPH_IGNORE_EBADF) == 0 &&
	       (caph_rights_limit(-1, &a) == 0 || errno == EBADF) &&
	       (caph_fcntls_limit(-1, CAP_FCNTL_GETFL) == 0 || errno == EBADF) &&
	       (caph_ioctls_limit(-1, cmds, 1) == 0 || errno == EBADF) &&
	       caph_limit_stdin() == 0 && caph_limit_stdout() == 0 &&
	       caph_limit_stderr() == 0 && caph_limit_stdio() == 0 &&
	       caph_enter_casper() == 0 && caph_enter() == 0;
#endif
	fine = fine && (cap_getmode(&mode) == 0 || errno == ENOSYS) &&
	       cap_sandboxed() == (mode == 1) &&
	       (cap_enter() == 0 ? cap_sandboxed() : errno == ENOSYS);
	return fine ? 0 : 1;
}
EOF

# What the names of the other header still have to mean.
cat >"$dir/root" <<'EOF'
static inline int root_privileges(void)
{
	return CAP_SYS_ADMIN == 21 && CAP_BPF == 39 && CAP_PERFMON == 38 &&
	       CAP_CHOWN == 0 && CAP_LAST_CAP >= 40;
}
EOF

have_libcap=yes
# shellcheck disable=SC2086 # flags are lists
echo '#include <sys/capability.h>' |
	$CC $CFLAGS -E -x c - >/dev/null 2>&1 || have_libcap=no

compile() # order, headers...
{
	order=$1
	shift
	for header; do
		echo "#include <$header>"
	done >"$dir/$order.c"
	cat "$dir/body" >>"$dir/$order.c"
	cp "$dir/$order.c" "$dir/$order.cc"

	for std in c99 c11 c17 gnu11 c++11 c++17; do
		obj=$dir/$order-$std
		# Without exceptions and type information C++ needs no run-time
		# library, so that 32 bits need no 32-bit libstdc++.
		case $std in
		c++*)	compiler=$CXX src=$dir/$order.cc
			extra='-fno-exceptions -fno-rtti' ;;
		*)	compiler=$CC src=$dir/$order.c extra= ;;
		esac
		what="$std, $order"
		if ! command -v "${compiler%% *}" >/dev/null; then
			skip "$what" "no $compiler here"
			continue
		fi
		rc=0
		# shellcheck disable=SC2086 # flags are lists
		{
			$compiler -std=$std -Wall -Wextra -Wpedantic -Werror \
				-Wshadow $extra $CFLAGS -I"$SRC/include" \
				$UAPIFLAG -c -o "$obj.o" "$src" &&
			$CC $CFLAGS $LDFLAGS -o "$obj-static" "$obj.o" \
				"$O/libcapsicum.a" &&
			"$obj-static" &&
			$CC $CFLAGS $LDFLAGS -o "$obj-shared" "$obj.o" \
				-L"$O" -lcapsicum &&
			LD_LIBRARY_PATH=$O "$obj-shared"
		} >"$obj.log" 2>&1 || rc=$?
		result $rc "$what: compiles, links and runs" "$obj.log"
	done
}

compile alone sys/capsicum.h
compile helpers capsicum_helpers.h
compile helpers_after_linux_capability linux/capability.h capsicum_helpers.h
compile before_linux_capability sys/capsicum.h linux/capability.h
compile after_linux_capability linux/capability.h sys/capsicum.h
if [ $have_libcap = yes ]; then
	compile before_sys_capability sys/capsicum.h sys/capability.h
	compile after_sys_capability sys/capability.h sys/capsicum.h
else
	skip 'beside sys/capability.h' 'libcap is not installed (libcap-dev)'
fi

# The other names that libcap's header and ours could fight over.
for order in 'sys/capsicum.h linux/capability.h' \
	     'linux/capability.h sys/capsicum.h'; do
	log=$dir/values.log
	rc=0
	# shellcheck disable=SC2086 # flags and headers are lists
	{
		for header in $order; do
			echo "#include <$header>"
		done
		cat "$dir/root"
		echo 'int main(void) { return !root_privileges(); }'
	} >"$dir/values.c"
	# shellcheck disable=SC2086 # flags are lists
	{
		$CC $CFLAGS $LDFLAGS -I"$SRC/include" $UAPIFLAG \
			-o "$dir/values" "$dir/values.c" && "$dir/values"
	} >"$log" 2>&1 || rc=$?
	result $rc "root's privileges keep their values: $order" "$log"
done

# No name of ours is one of theirs, whichever definition would win.
for header in linux/capability.h sys/capability.h; do
	if [ $header = sys/capability.h ] && [ $have_libcap = no ]; then
		skip "names of $header" 'libcap is not installed (libcap-dev)'
		continue
	fi
	# shellcheck disable=SC2086 # flags are lists
	for h in sys/capsicum.h $header; do
		echo "#include <$h>" | $CC $CFLAGS -I"$SRC/include" \
			$UAPIFLAG -E -dM -x c - |
			sed -n 's/^#define \(CAP[A-Za-z0-9_]*\).*/\1/p' |
			sort -u >"$dir/names-$(basename $h)"
	done
	comm -12 "$dir/names-capsicum.h" "$dir/names-capability.h" \
		>"$dir/common"
	rc=0
	if [ ! -s "$dir/names-capsicum.h" ] ||
	   [ ! -s "$dir/names-capability.h" ] || [ -s "$dir/common" ]; then
		rc=1
	fi
	result $rc "no macro CAP... is in both sys/capsicum.h and $header" \
		"$dir/common"
done

# The symbols: what the version script lists, what the header declares, what the
# library exports are the same.
sed -n 's/^[[:space:]]*\([a-z_]*\);$/\1/p' "$SRC/libcapsicum.map" |
	sort >"$dir/map"
cat "$SRC/include/sys/capsicum.h" "$SRC/include/capsicum_helpers.h" |
	grep -v '^[[:space:]]*[/ ]\*' |
	sed -n 's/^[a-z].*[ *]\(_*caph*_[a-z_]*\)(.*/\1/p' | sort >"$dir/declared"
$NM -D --defined-only "$O/libcapsicum.so.$MAJOR" |
	sed -n 's/^[^ ]* T \(.*\)@@LIBCAPSICUM_1\.0$/\1/p' | sort >"$dir/exported"
$NM -D --defined-only "$O/libcapsicum.so.$MAJOR" |
	grep -v '@@LIBCAPSICUM_1\.0$' | grep -v ' A LIBCAPSICUM_1\.0$' \
	>"$dir/stray" || :

rc=0
diff -u "$dir/map" "$dir/exported" >"$dir/symbols.log" || rc=1
[ -s "$dir/map" ] || rc=1
result $rc 'exports exactly what the version script lists' "$dir/symbols.log"
rc=0
diff -u "$dir/declared" "$dir/map" >"$dir/symbols.log" || rc=1
result $rc 'the headers declare exactly what is exported' "$dir/symbols.log"
rc=0
[ ! -s "$dir/stray" ] || rc=1
result $rc 'nothing is exported without a version' "$dir/stray"

rc=0
$READELF -d "$O/libcapsicum.so.$MAJOR" >"$dir/dynamic"
grep -q "soname: \[libcapsicum\.so\.$MAJOR\]" "$dir/dynamic" || rc=1
result $rc "soname libcapsicum.so.$MAJOR" "$dir/dynamic"
rc=0
! grep TEXTREL "$dir/dynamic" >"$dir/textrel" || rc=1
result $rc 'no text relocations' "$dir/textrel"

finish
