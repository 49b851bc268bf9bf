// The memory functions that compilers call by name. In assembly, because a compiler turns such
// a loop in Swift into a call of the function it is in.
#ifdef APUS_GUEST
    .text
.macro function name:req
    .balign 16
    .globl \name
    .type \name, @function
\name:
.endm

    // REP MOVS and REP STOS start slowly: runs under 64 bytes go by word.
    function memcpy
    mov %rdi, %rax
    mov %rdx, %rcx
    cmp $64, %rdx
    jae 2f
    shr $3, %ecx
    jz 1f
0:  mov (%rsi), %r8
    mov %r8, (%rdi)
    add $8, %rsi
    add $8, %rdi
    dec %ecx
    jnz 0b
1:  mov %edx, %ecx
    and $7, %ecx
    rep movsb
    ret
2:  shr $3, %rcx
    rep movsq
    mov %edx, %ecx
    and $7, %ecx
    rep movsb
    ret
    .size memcpy, . - memcpy

    function memmove
    mov %rdi, %rax
    sub %rsi, %rax
    cmp %rdx, %rax
    jae memcpy
    // The destination starts inside the source: copy from the end.
    mov %rdi, %rax
    lea -1(%rsi, %rdx), %rsi
    lea -1(%rdi, %rdx), %rdi
    mov %rdx, %rcx
    and $7, %ecx
    std
    rep movsb
    sub $7, %rsi
    sub $7, %rdi
    mov %rdx, %rcx
    shr $3, %rcx
    rep movsq
    cld
    ret
    .size memmove, . - memmove

    function memset
    mov %rdi, %r8
    movzbl %sil, %eax
    mov $0x0101010101010101, %rcx
    imul %rcx, %rax
    mov %rdx, %rcx
    shr $3, %rcx
    rep stosq
    mov %edx, %ecx
    and $7, %ecx
    rep stosb
    mov %r8, %rax
    ret
    .size memset, . - memset

    .globl bcmp
    .type bcmp, @function
    function memcmp
bcmp:
    xor %eax, %eax
    mov %rdx, %rcx
    shr $3, %rcx
    jz 1f
0:  mov (%rdi), %r8
    mov (%rsi), %r9
    cmp %r9, %r8
    jne 3f
    add $8, %rdi
    add $8, %rsi
    dec %rcx
    jnz 0b
1:  and $7, %edx
    jz 4f
2:  movzbl (%rdi), %eax
    movzbl (%rsi), %ecx
    sub %ecx, %eax
    jnz 4f
    inc %rdi
    inc %rsi
    dec %edx
    jnz 2b
    ret
    // The first byte in memory that differs decides: compare as big-endian numbers.
3:  bswap %r8
    bswap %r9
    xor %eax, %eax
    cmp %r9, %r8
    seta %al
    sbb $0, %eax
4:  ret
    .size memcmp, . - memcmp

    function strlen
    mov $-1, %rax
0:  inc %rax
    cmpb $0, (%rdi, %rax)
    jne 0b
    ret
    .size strlen, . - strlen

    function strncpy
    mov %rdi, %rax
    test %rdx, %rdx
    jz 2f
0:  movzbl (%rsi), %ecx
    mov %cl, (%rdi)
    // A terminator is copied again and again: the rest of the field is filled with zeros.
    cmp $1, %cl
    sbb $-1, %rsi
    inc %rdi
    dec %rdx
    jnz 0b
2:  ret
    .size strncpy, . - strncpy
#endif
    .section .note.GNU-stack, "", @progbits
