"""Loops and spills as Assembly.py finds them, in assembly written for the purpose."""

import unittest

from Assembly import inner_loops, multiplies, spills

NEST = """
	.text
kernel:                                 # @kernel
# %bb.0:                                # %entry
	subq	$192, %rsp
	vmovaps	%zmm9, 64(%rsp)                 # 64-byte Spill
	jmp	.LBB0_2
	.p2align	4
.LBB0_1:                                # %outer
	vmovaps	%zmm1, 128(%rsp)                # 64-byte Spill
	testl	%eax, %eax
	je	.LBB0_5
.LBB0_2:                                # %inner
                                        #   Parent Loop BB0_1 Depth=1
	vbroadcastss	(%rdx), %zmm0
	vfmadd231ps	(%rsi), %zmm0, %zmm1    # zmm1 = (zmm0 * mem) + zmm1
	vfnmadd213ps	%zmm3, %zmm0, %zmm2
	vfmadd231ps	64(%rsi){1to16}, %zmm0, %zmm4
	{0}
	decq	%rcx
	jne	.LBB0_2
# %bb.3:
	vmovups	128(%rsp), %zmm2                # 64-byte Reload
	jmp	.LBB0_1
.LBB0_5:
	retq
.Lfunc_end0:
	.size	kernel, .Lfunc_end0-kernel
other:                                  # @other
	movl	$8, %eax
.LBB1_1:
	vaddps	(%rdi), %ymm0, %ymm0
	cmpl	$3, %eax
	jne	.LBB1_4
.LBB1_2:                                # the blocks of this loop are not side by side
	vmulps	%ymm0, %ymm0, %ymm0
	jmp	.LBB1_1
.LBB1_3:
	vmovups	32(%rsp), %ymm3                 # 32-byte Reload
	retq
.LBB1_4:
	vmovups	%ymm1, 32(%rsp)                 # 32-byte Spill
	cmpl	$4, %eax
	jne	.LBB1_1
	jmp	.LBB1_3
"""


class Assembly(unittest.TestCase):
    def loops(self, line="nop"):
        return list(inner_loops(NEST.replace("{0}", line)))

    def test_innermost_loops(self):
        inner, first, second = self.loops()
        self.assertEqual((inner.header, [l.code.split()[0] for l in inner.lines]),
                         (".LBB0_2", ["vbroadcastss", "vfmadd231ps", "vfnmadd213ps", "vfmadd231ps", "nop", "decq", "jne"]))
        self.assertEqual({(l.header, len(l.lines)) for l in (first, second)}, {(".LBB1_1", 5), (".LBB1_1", 6)})
        self.assertEqual([multiplies(l) for l in (inner, first, second)], [True, False, False])

    def test_spills_outside_do_not_count(self):
        self.assertEqual([[line.code.split()[0] for line in spills(loop)] for loop in self.loops()], [[], [], ["vmovups"]])

    def test_spills_inside(self):
        for line in ("vmovaps\t%zmm2, 64(%rsp)\t# 64-byte Spill", "vmovups\t(%rsp), %ymm2\t# 32-byte Reload",
                     "vfmadd231ps\t64(%rsp), %zmm3, %zmm4\t# 64-byte Folded Reload",
                     "vbroadcastss\t4(%rsp), %zmm2\t# 4-byte Folded Reload"):
            self.assertEqual([f"{l.code}\t# {l.comment}" for l in spills(self.loops(line)[0])], [line])

    def test_arrays_and_scalars_on_the_stack_are_no_spills(self):
        for line in ("vmovaps\t%zmm2, 64(%rsp)", "vmovups\t64(%rsp,%rax,4), %zmm2",
                     "movq\t%rax, 8(%rsp)\t# 8-byte Spill", "addq\t8(%rsp), %rax\t# 8-byte Folded Reload"):
            self.assertEqual(spills(self.loops(line)[0]), [], line)


if __name__ == "__main__":
    unittest.main()
