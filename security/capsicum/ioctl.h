/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECURITY_CAPSICUM_IOCTL_H
#define _SECURITY_CAPSICUM_IOCTL_H

struct cap_rights;

const struct cap_rights *capability_ioctl_rights(unsigned int cmd);

#endif
