# SPDX-License-Identifier: GPL-2.0
#
# The one entry to everything: 'make help' lists it. The work is done by the
# scripts in harness/; what is said on the command line reaches them through the
# environment.

ARCH ?= x86_64
export ARCH ARCHS DIR RUN TIMEOUT SMP MEM APPEND ICOUNT SMALL STOCK DEBUG FULL PROGRAMS

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install ready tree refresh series check census capmode-table \
	kernel sdk guest shell run test bench clean

help:
	@echo 'Capsicum for Linux. From a fresh Debian machine:'
	@echo
	@echo '  make run      install what is missing, build, boot, show the demo'
	@echo '  make test     the same set-up, then every test; PROGRAMS=1: real programs, too'
	@echo
	@echo 'In the guest:'
	@echo '  make shell    an interactive shell'
	@echo "  make guest DIR=d RUN='cmd'"
	@echo '                mount directory d, run cmd there as root, exit as it does;'
	@echo '                TIMEOUT=seconds SMP=cpus MEM=size APPEND=kernel-arguments'
	@echo '                ICOUNT=1 count instructions, STOCK=1 the unpatched kernel,'
	@echo '                SMALL=1 ours as small, DEBUG=1 the debug kernel'
	@echo '  make bench    instructions per call, unpatched kernel beside ours'
	@echo
	@echo 'To build:'
	@echo '  make kernel   build/$$(ARCH)/image, the bootable kernel'
	@echo '  make sdk      build/$$(ARCH)/sdk: headers, libcapsicum, capexec, capstat'
	@echo '  make install  only install the Debian packages all this needs'
	@echo
	@echo 'To change it:'
	@echo '  make tree     bring build/linux in line with the mirror'
	@echo '  make refresh  bring edits made in build/linux into the mirror'
	@echo '  make series   build/series: the patches as mails; FULL=1 builds each commit'
	@echo '  make check    checkpatch, shellcheck, sparse, the table of capability mode,'
	@echo '                the census of look-ups, and every file of ours compiled'
	@echo '  make check ARCHS="x86_64 i386 arm64 riscv s390"'
	@echo '                compile our files for all of these, with cross compilers;'
	@echo '                FULL=1 links whole kernels'
	@echo '  make census   the census alone'
	@echo '  make capmode-table'
	@echo '                each system call: allowed in capability mode or not, and why'
	@echo '  make clean    remove what was built; build/linux stays'
	@echo
	@echo 'ARCH=, in the naming of the kernel, is $(ARCH).'

install:
	@harness/install

# What every build stands on. Unlike 'make tree' it accepts edits in build/linux
# that are not refreshed, as long as the mirror has not changed under them.
ready: install
	@harness/tree --ready

tree: install
	@harness/tree

refresh: install
	@harness/refresh

kernel sdk guest shell run test bench series check census capmode-table: ready
	@harness/$@

clean:
	@find build -mindepth 1 -maxdepth 1 ! -name linux -exec rm -rf {} + \
		2>/dev/null || :
