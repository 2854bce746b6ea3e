using Engine.Kernels;
using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>Records the operators of one step, walks back through them, and owns all that the step makes.</summary>
/// <remarks>
/// A step: run operators, <see cref="Backward(Variable)"/>, update, <see cref="Reset"/>. Backward gives memory back as it passes, so values
/// of intermediate variables are gone after it; a value that is read later is kept by <see cref="Keep"/>. In the steady state a step
/// allocates nothing, neither native nor managed: tensors, variables, nodes and blocks are all used again.
/// </remarks>
public sealed unsafe class Tape : IDisposable
{
    private readonly StepPool _pool;
    private readonly StepPool _hostPool;
    private readonly StepObjects _objects = new();
    private readonly List<Parameter> _touched = [];

    /// <summary>Creates a tape.</summary>
    /// <param name="device">runs the operators</param>
    public Tape(Device device)
    {
        Device = device;
        _pool = new StepPool(device.Memory);
        _hostPool = device.Memory is null ? _pool : new StepPool(null);
    }

    /// <summary>The device that runs the operators.</summary>
    public Device Device { get; }

    /// <summary>The processor, for operators that have no other loops.</summary>
    /// <exception cref="DwarfException">the tape runs on another device (unavailable): nothing falls back in silence</exception>
    public CpuDevice Cpu => Device as CpuDevice
        ?? throw new DwarfException(ErrorKind.Unavailable, $"this operator is not available on {Device.Name}; use --device cpu");

    /// <summary>Whether operators are recorded; false for inference.</summary>
    public bool Recording { get; set; } = true;

    /// <summary>Whether the blocks of encoders keep their inputs only and run again in backward: less memory, a third more work, the same bits.</summary>
    public bool CheckpointsActivations { get; set; }

    /// <summary>Memory of the device held for steps, in bytes.</summary>
    public long ReservedBytes => _pool.ReservedBytes;

    /// <summary>The part of <see cref="ReservedBytes"/> that tensors have covered: what is resident, since what is rounded up is never written.</summary>
    public long TouchedBytes => _pool.TouchedBytes;

    internal StepObjects Objects => _objects;

    /// <summary>A segment runs forward for the first time: results know whether they want a gradient, but nothing is recorded.</summary>
    internal bool Skimming { get; set; }

    /// <summary>A segment runs, for the first or the second time.</summary>
    internal bool InSegment { get; set; }

    /// <summary>A tensor of the step, content undefined. Its memory is given back by <see cref="Release"/>, backward or <see cref="Reset"/>.</summary>
    /// <param name="shape">sizes</param>
    /// <param name="dtype">element type</param>
    /// <returns>the tensor</returns>
    public Tensor Empty(Shape shape, DType dtype)
    {
        var block = _pool.Rent(shape.Count * dtype.Size());
        return _objects.NextTensor(block, block.Memory.Pointer, shape, dtype, block.Memory.Space);
    }

    /// <summary>A tensor of the step in host memory, content undefined: fill it, then hand it to <see cref="Constant"/>.</summary>
    /// <param name="shape">sizes</param>
    /// <param name="dtype">element type</param>
    /// <returns>the tensor</returns>
    public Tensor OnHost(Shape shape, DType dtype)
    {
        var block = _hostPool.Rent(shape.Count * dtype.Size());
        return _objects.NextTensor(block, block.Memory.Pointer, shape, dtype, null);
    }

    /// <summary>The tensor where the device can read it: itself, or a copy of the step.</summary>
    /// <param name="value">on the host or on this device</param>
    /// <returns>a tensor on the tape's device</returns>
    public Tensor OnDevice(Tensor value)
    {
        if (ReferenceEquals(value.Space, Device.Memory))
        {
            return value;
        }

        var copy = Empty(value.Shape, value.DType);
        copy.CopyFrom(value);
        return copy;
    }

    /// <summary>The same data under another shape, with a claim of its own that the caller ends by <see cref="Release"/>.</summary>
    /// <param name="tensor">any tensor</param>
    /// <param name="shape">as many elements</param>
    /// <returns>a view</returns>
    public Tensor View(Tensor tensor, Shape shape)
    {
        if (shape.Count != tensor.Count)
        {
            throw new ShapeException($"reshape: {tensor.Shape} has {tensor.Count} elements, {shape} needs {shape.Count}");
        }

        StepPool.Retain(tensor);
        return _objects.NextTensor(tensor.Owner, tensor.Pointer, shape, tensor.DType, tensor.Space);
    }

    /// <summary>Ends the caller's claim on a temporary tensor made by <see cref="Empty"/>.</summary>
    /// <param name="tensor">not used by the caller any more; null is ignored</param>
    public void Release(Tensor? tensor)
    {
        if (tensor is not null)
        {
            StepPool.Release(tensor);
        }
    }

    /// <summary>An input without gradient.</summary>
    /// <param name="value">data that outlives the step's use of it; host memory is copied to the device</param>
    /// <returns>the variable</returns>
    public Variable Constant(Tensor value) => NextInput(value, false);

    /// <summary>An input whose gradient is wanted; read it after backward, before <see cref="Reset"/>.</summary>
    /// <param name="value">data that outlives the step's use of it; host memory is copied to the device</param>
    /// <returns>the variable</returns>
    public Variable Leaf(Tensor value) => NextInput(value, true);

    /// <summary>Keeps a value readable after backward, until <see cref="Reset"/>.</summary>
    /// <param name="variable">an operator's output</param>
    /// <returns>the same variable</returns>
    public Variable Keep(Variable variable)
    {
        variable.Kept = true;
        return variable;
    }

    /// <summary>
    /// Says that forward has read a value for the last time: its memory is free, but for what operators saved of it. Without this a value
    /// lives until backward has passed it, or to the end of the step where nothing is recorded.
    /// </summary>
    /// <param name="variable">an operator's output; others, and those that are kept, are left alone</param>
    public void Done(Variable variable)
    {
        if (!variable.Kept)
        {
            variable.GiveUp();
        }
    }

    /// <summary>Whether an operator over these inputs is recorded: decides what forward must save.</summary>
    /// <param name="inputs">absent ones are null</param>
    /// <returns>true if recording and any input wants its gradient</returns>
    public bool WillRecord(params ReadOnlySpan<Variable?> inputs)
    {
        if (Recording)
        {
            foreach (var input in inputs)
            {
                if (input is { RequiresGrad: true })
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Puts an operator with one output on the tape.</summary>
    /// <param name="op">its name, for messages</param>
    /// <param name="output">its result, a tensor of this tape; the variable takes over the claim on it</param>
    /// <param name="inputs">all inputs, absent ones null</param>
    /// <param name="saved">what backward reads; the node takes a claim of its own on each, the caller keeps (and ends) its own</param>
    /// <param name="backward">a static method</param>
    /// <param name="numbers">floating attributes, at most 16</param>
    /// <param name="integers">integer attributes, at most 16</param>
    /// <returns>the output</returns>
    public Variable Record(
        string op,
        Tensor output,
        ReadOnlySpan<Variable?> inputs,
        ReadOnlySpan<Tensor?> saved,
        BackwardFunction backward,
        ReadOnlySpan<double> numbers = default,
        ReadOnlySpan<long> integers = default)
    {
        bool records = WillRecord(inputs);
        var result = _objects.NextVariable(output, records, holds: true);
        if (records && !Skimming)
        {
            var node = _objects.NextNode(op, inputs, saved, backward, numbers, integers);
            node.Outputs.Add(result);
        }

        return result;
    }

    /// <summary>Puts an operator with two outputs on the tape; parameters as in the other overload.</summary>
    /// <param name="op">its name, for messages</param>
    /// <param name="output0">first result</param>
    /// <param name="output1">second result</param>
    /// <param name="inputs">all inputs, absent ones null</param>
    /// <param name="saved">what backward reads</param>
    /// <param name="backward">a static method</param>
    /// <param name="numbers">floating attributes, at most 16</param>
    /// <param name="integers">integer attributes, at most 16</param>
    /// <returns>both outputs</returns>
    public (Variable First, Variable Second) Record(
        string op,
        Tensor output0,
        Tensor output1,
        ReadOnlySpan<Variable?> inputs,
        ReadOnlySpan<Tensor?> saved,
        BackwardFunction backward,
        ReadOnlySpan<double> numbers = default,
        ReadOnlySpan<long> integers = default)
    {
        bool records = WillRecord(inputs);
        var results = (First: _objects.NextVariable(output0, records, holds: true), Second: _objects.NextVariable(output1, records, holds: true));
        if (records && !Skimming)
        {
            var node = _objects.NextNode(op, inputs, saved, backward, numbers, integers);
            node.Outputs.Add(results.First);
            node.Outputs.Add(results.Second);
        }

        return results;
    }

    /// <summary>Names what a CUDA device is given until the result is disposed, for profilers; costs nothing elsewhere.</summary>
    /// <param name="name">the operator's name, a literal</param>
    /// <returns>to be disposed</returns>
    public CudaRange Range(string name) => Device is CudaDevice gpu ? gpu.Range(name) : default;

    /// <summary>Walks back from a scalar loss.</summary>
    /// <param name="loss">one element</param>
    public void Backward(Variable loss)
    {
        if (loss.Value.Count != 1)
        {
            throw new ShapeException($"backward starts from a loss with one element, found {loss.Shape}");
        }

        Backward([loss], [this.Single(1, loss.Shape, loss.DType)]);
    }

    /// <summary>Walks back from several outputs at once.</summary>
    /// <param name="roots">operators' outputs</param>
    /// <param name="cotangents">the gradient of each, its shape and dtype; the tape takes them over</param>
    public void Backward(ReadOnlySpan<Variable> roots, ReadOnlySpan<Tensor> cotangents)
    {
        for (int i = 0; i < roots.Length; i++)
        {
            if (cotangents[i].Shape != roots[i].Shape || cotangents[i].DType != roots[i].DType)
            {
                throw new ShapeException($"cotangent {i} must be {roots[i].DType.Label()} {roots[i].Shape}, found "
                    + $"{cotangents[i].DType.Label()} {cotangents[i].Shape}");
            }

            if (roots[i].RequiresGrad)
            {
                Keep(roots[i]);
                EndGrad(roots[i], cotangents[i]);
            }
        }

        using var all = Range("backward");
        WalkBack(0);
    }

    /// <summary>Walks back through the newest nodes, down to the node of this number, and forgets them.</summary>
    internal void WalkBack(int last)
    {
        for (int i = _objects.NodeCount - 1; i >= last; i--)
        {
            // Those behind are forgotten: a segment that runs again takes their places.
            _objects.ForgetNodes(i + 1);
            var node = _objects.NodeAt(i);
            if (node.HasOutputGrad)
            {
                using var range = Range(node.Operator);
                node.Backward(this, node);
            }

            node.Release();
        }

        _objects.ForgetNodes(last);
    }

    /// <summary>Where backward writes the gradient of an input: overwrite all of it, then call <see cref="EndGrad"/>.</summary>
    /// <param name="input">wants its gradient</param>
    /// <returns>shape and dtype of the input; content undefined</returns>
    public Tensor BeginGrad(Variable input) => input is Parameter { Grad: null } parameter && parameter.GradBuffer.DType == input.DType
        ? parameter.GradBuffer
        : Empty(input.Shape, input.DType);

    /// <summary>Hands a gradient over: it becomes the input's, or is added where the input already has one.</summary>
    /// <param name="input">wants its gradient</param>
    /// <param name="grad">from <see cref="BeginGrad"/>, or any tensor of the step of that shape on which the caller gives up its claim</param>
    public void EndGrad(Variable input, Tensor grad)
    {
        if (input is Parameter half && half.GradBuffer.DType != grad.DType)
        {
            // A bf16 copy was used: its gradients are added up in the parameter's own precision.
            AccumulateCuda.Widen((CudaDevice)Device, half.GradBuffer, grad, half.Grad is not null);
            Release(grad);
            _touched.Add(half);
            half.Grad = half.GradBuffer;
            return;
        }

        if (input.Grad is not { } old)
        {
            if (input is Parameter parameter)
            {
                _touched.Add(parameter);
                if (!ReferenceEquals(grad, parameter.GradBuffer))
                {
                    parameter.GradBuffer.CopyFrom(grad);
                    Release(grad);
                    grad = parameter.GradBuffer;
                }
            }

            input.Grad = grad;
            return;
        }

        if (input is not Parameter && old.Owner is not PoolBlock { References: 1 })
        {
            // Shared with another variable, or the caller's cotangent: adding in place would change that too.
            var own = Empty(old.Shape, old.DType);
            own.CopyFrom(old);
            Release(old);
            input.Grad = old = own;
        }

        if (Device is CudaDevice gpu)
        {
            AccumulateCuda.AddInto(gpu, old, grad);
        }
        else
        {
            Accumulate.AddInto(Cpu, old, grad);
        }

        Release(grad);
    }

    /// <summary>Hands the same gradient tensor to an input that backward already has as a whole (an output's gradient, for example).</summary>
    /// <param name="input">wants its gradient</param>
    /// <param name="grad">same number of elements; shared, not copied, the caller keeps its claim</param>
    public void ShareGrad(Variable input, Tensor grad) => EndGrad(input, View(grad, input.Shape));

    /// <summary>Ends the step: every tensor, variable and node of it may be used again. Gradients of parameters are gone too.</summary>
    public void Reset()
    {
        _touched.ForEach(static parameter => parameter.Grad = null);
        _touched.Clear();
        EndPass();
    }

    /// <summary>As <see cref="Reset"/>, but gradients of parameters stay, and the next backward adds to them: a step of several passes.</summary>
    public void EndPass()
    {
        (Skimming, InSegment) = (false, false);
        _objects.Reset();
        _pool.Reset();
        _hostPool.Reset();
    }

    /// <summary>
    /// Ends the step and gives its memory back to the system, where that is host memory: before steps of another size, whose blocks would
    /// come on top. A device keeps its blocks, since recorded steps know their places.
    /// </summary>
    public void Trim()
    {
        Reset();
        if (Device.Memory is null)
        {
            _pool.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pool.Dispose();
        _hostPool.Dispose();
    }

    private Variable NextInput(Tensor value, bool requiresGrad)
    {
        var there = OnDevice(value);
        var variable = _objects.NextVariable(there, requiresGrad, holds: !ReferenceEquals(there, value));
        variable.HostValue = value.Space is null ? value : null;
        return variable;
    }
}
