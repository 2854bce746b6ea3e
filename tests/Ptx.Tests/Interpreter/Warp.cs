using System.Numerics;

namespace Ptx.Tests.Interpreter;

/// <summary>32 lanes in lockstep: the lanes with the lowest program counter go first, so that diverged lanes meet again.</summary>
public sealed class Warp
{
    private readonly int[] _pc = new int[32];
    private uint _waiting, _held;

    /// <summary>The register file: the value of a slot in a lane at [32 * slot + lane], zero-extended to 64 bits.</summary>
    public readonly ulong[] Registers;

    public readonly Block Block;
    public readonly int Index;
    public readonly byte[][] Local;
    public readonly AsyncCopies Async = new();

    /// <summary>The lanes that the current instruction runs for.</summary>
    public uint Active;

    /// <summary>The lane that an instruction is at, for messages.</summary>
    public int Lane;

    public uint Live;

    /// <summary>The barrier that waiting lanes stand at.</summary>
    public int Barrier;

    public Warp(Block block, int index, int lanes)
    {
        (Block, Index) = (block, index);
        Live = lanes == 32 ? uint.MaxValue : (1u << lanes) - 1;
        Entry entry = block.Entry;
        Registers = new ulong[32 * entry.Slots.Count];
        foreach ((int slot, ulong bits) in entry.Constants) Array.Fill(Registers, bits, 32 * slot, 32);
        foreach ((int slot, string name) in entry.Specials)
        {
            for (int lane = 0; lane < 32; lane++) Registers[(32 * slot) + lane] = SpecialRegisters.Value(name, this, lane);
        }
        Local = new byte[entry.LocalBytes == 0 ? 0 : 32][];
        for (int lane = 0; lane < Local.Length; lane++) Local[lane] = new byte[entry.LocalBytes];
    }

    /// <summary>Runs until every live lane has left or waits at the block's barrier.</summary>
    public void Run()
    {
        List<Instruction> code = Block.Entry.Code;
        while (true)
        {
            uint ready = Live & ~_waiting & ~_held;
            if (ready == 0)
            {
                if (_held != 0) throw Absent();
                return;
            }
            int pc = int.MaxValue;
            for (uint m = ready; m != 0; m &= m - 1) pc = Math.Min(pc, _pc[BitOperations.TrailingZeroCount(m)]);
            uint group = 0;
            for (uint m = ready | _held; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                if (_pc[lane] == pc) group |= 1u << lane;
            }
            if (pc >= code.Count) throw new PtxException($"{Block.Entry.Name} runs past its end");
            Instruction instruction = code[pc];
            try
            {
                Step(instruction, group, pc);
            }
            catch (PtxException fault)
            {
                var (x, y, z) = Block.Thread((Index * 32) + Lane);
                throw PtxException.At(instruction.Place, $"{Block.Entry.Name}, block ({Block.Index.X},{Block.Index.Y},{Block.Index.Z}), " +
                    $"thread ({x},{y},{z}): {instruction.Opcode}: {fault.Message}");
            }
        }
    }

    private void Step(Instruction instruction, uint group, int pc)
    {
        uint active = group;
        if (instruction.Guard >= 0)
        {
            for (uint m = group; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                if ((Registers[(32 * instruction.Guard) + lane] != 0) == instruction.Negated) active &= ~(1u << lane);
            }
        }
        Lane = BitOperations.TrailingZeroCount(active == 0 ? group : active);
        if (active != 0 && instruction.Members != null)
        {
            uint members = Members(instruction, active);
            if ((members & ~active) != 0)
            {
                // Some of its lanes are still on their way: those that are here wait, those that the guard excludes go on.
                _held |= active;
                Advance(group & ~active, pc);
                return;
            }
            _held &= ~active;
        }
        Advance(group, pc);
        if (active == 0) return;
        if (--Block.Budget < 0) throw new PtxException("the launch does not end");
        Active = active;
        instruction.Run(this);
    }

    private uint Members(Instruction instruction, uint active)
    {
        uint members = 0;
        for (uint m = active; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            uint mask = instruction.Members!(this, lane);
            Lane = lane;
            if ((mask >> lane & 1) == 0) throw new PtxException($"the mask 0x{mask:x8} leaves out lane {lane}, which executes it");
            if ((mask & ~Live) != 0)
            {
                throw new PtxException($"the mask 0x{mask:x8} names absent lanes, 0x{mask & ~Live:x8}: they have left or never were");
            }
            members |= mask;
        }
        return members;
    }

    private PtxException Absent()
    {
        int lane = BitOperations.TrailingZeroCount(_held);
        Instruction instruction = Block.Entry.Code[_pc[lane]];
        return PtxException.At(instruction.Place,
            $"{Block.Entry.Name}: {instruction.Opcode}: lanes 0x{_held:x8} of warp {Index} wait for lanes that never come");
    }

    private void Advance(uint lanes, int pc)
    {
        for (uint m = lanes; m != 0; m &= m - 1) _pc[BitOperations.TrailingZeroCount(m)] = pc + 1;
    }

    public void Jump(int lane, int target) => _pc[lane] = target;

    public void Leave(uint lanes) => Live &= ~lanes;

    public void Wait(int barrier)
    {
        if (_waiting != 0 && barrier != Barrier)
        {
            throw new PtxException($"lanes of one warp wait at different barriers, {Barrier} and {barrier}");
        }
        Barrier = barrier;
        _waiting |= Active;
    }

    public void Open() => _waiting = 0;
}
